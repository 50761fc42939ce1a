import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ConsoleFlow } from "../src/console_flow.ts";
import type { Fact } from "../src/state.ts";

const GOOD = { server: { id: "1", name: "vm1" }, console_type: "novnc", protocol: "vnc" };
const USED = { reason: "token_used" };

/** The browser's socket, as far as the flow uses it. */
class FakeSocket extends EventTarget {
  static readonly CLOSED = 3;
  static made: FakeSocket[] = [];
  readyState = 0;
  binaryType = "blob";
  closedWith: readonly unknown[] | null = null;
  readonly address: string;
  readonly protocols: string[];

  constructor(address: string, protocols: string[]) {
    super();
    this.address = address;
    this.protocols = protocols;
    FakeSocket.made.push(this);
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  closeFromServer(reason: string): void {
    this.readyState = FakeSocket.CLOSED;
    this.dispatchEvent(Object.assign(new Event("close"), { reason }));
  }
  close(...withWhat: unknown[]): void {
    this.closedWith = withWhat;
  }
}

let facts: Fact[];
let answers: Response[];
let flow: ConsoleFlow;

beforeEach(() => {
  facts = [];
  FakeSocket.made = [];
  answers = [Response.json(GOOD)];
  mock.method(globalThis, "fetch", () => Promise.resolve(answers.shift() ?? Response.error()));
  Object.assign(globalThis, { WebSocket: FakeSocket, document: { baseURI: "https://host/vnc_lite.html" } });
  const screen = { load: () => Promise.resolve({}), attach: () => undefined };
  flow = new ConsoleFlow("abc", screen as never, (fact) => facts.push(fact));
});

afterEach(() => {
  mock.restoreAll();
  flow.close(); // Its timer would keep the process.
});

function socket(): FakeSocket {
  const latest = FakeSocket.made.at(-1);
  assert.ok(latest);
  return latest;
}

function endings(): string[] {
  return facts.flatMap((fact) => (fact.type === "ended" ? [fact.ending.reason] : []));
}

test("opening asks first, then connects with the sub-protocol and tells each step", async () => {
  await flow.open();
  socket().open();
  socket().dispatchEvent(new Event("message"));
  flow.opened({ width: 640, height: 480 });
  assert.equal(socket().address, "wss://host/?token=abc");
  assert.deepEqual(socket().protocols, ["binary"]);
  assert.deepEqual(facts.map((fact) => fact.type), ["started", "link_good", "host_reached", "connected"]);
});

test("a link that is not good opens no socket", async () => {
  answers = [Response.json(USED, { status: 403 })];
  await flow.open();
  assert.deepEqual(endings(), ["token_used"]);
  assert.deepEqual(FakeSocket.made, []);
});

test("a refused upgrade asks again to learn the reason", async () => {
  answers.push(Response.json(USED, { status: 403 }));
  await flow.open();
  socket().closeFromServer("");
  flow.gaveUp("noVNC saw the close as well");
  await new Promise(setImmediate);
  assert.deepEqual(endings(), ["token_used"]);
});

test("a refused upgrade with a link that is good is the network's doing", async () => {
  answers.push(Response.json(GOOD));
  await flow.open();
  socket().closeFromServer("");
  await new Promise(setImmediate);
  assert.deepEqual(endings(), ["viewer_lost"]);
});

test("what the server closes with is told once", async () => {
  await flow.open();
  socket().open();
  socket().closeFromServer("target_unreachable: no answer within 9 s");
  flow.gaveUp("noVNC saw the close as well");
  assert.deepEqual(endings(), ["target_unreachable"]);
});

test("a viewer that cannot read what comes ends the console", async () => {
  await flow.open();
  socket().open();
  flow.gaveUp("the picture could not be decoded");
  assert.deepEqual(endings(), ["target_protocol_error"]);
});

test("closing tells the server why, and the close that follows tells nothing new", async () => {
  await flow.open();
  socket().open();
  flow.close();
  socket().closeFromServer("");
  assert.deepEqual(socket().closedWith, [1000, "viewer_closed"]);
  assert.deepEqual(endings(), ["viewer_closed"]);
});

test("an earlier attempt's late close does not end the next", async () => {
  await flow.open();
  const first = socket();
  first.open();
  flow.gaveUp("nonsense");
  answers.push(Response.json(GOOD));
  await flow.open();
  first.closeFromServer("target_closed");
  assert.deepEqual(endings(), ["target_protocol_error"]);
  assert.equal(FakeSocket.made.length, 2);
});
