import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ConsoleFlow, type Viewer } from "../src/session/console_flow.ts";
import type { Fact } from "../src/session/state.ts";

const GOOD = { server: { id: "1", name: "vm1" }, console_type: "novnc", protocol: "vnc" };
const ID = "0123456789abcdef0123456789abcdef";
const SESSION = { ...GOOD, console: ID, resumable: true, rights: "control" };
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
let asked: string[];
let attached: boolean[];
let frozen: number;

beforeEach(() => {
  facts = [];
  attached = [];
  frozen = 0;
  FakeSocket.made = [];
  answers = [Response.json(GOOD)];
  asked = [];
  mock.method(globalThis, "fetch", (address: URL, options?: RequestInit) => {
    asked.push(`${options?.method ?? "GET"} ${address.pathname}`);
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("Failed to fetch"));
  });
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  mock.method(Math, "random", () => 0);
  Object.assign(globalThis, { WebSocket: FakeSocket, location: { origin: "https://host" } });
  flow = begin({ base: new URL("https://host/"), token: "abc", console: null });
});

afterEach(() => {
  flow.close();
  mock.timers.reset();
  mock.restoreAll();
});

function begin(access: ConstructorParameters<typeof ConsoleFlow>[0]): ConsoleFlow {
  const viewer: Viewer = {
    load: () => Promise.resolve(),
    attach: (_, again) => attached.push(again),
    freeze: () => frozen++,
  };
  return new ConsoleFlow(access, "vnc", {
    tell: (fact) => facts.push(fact),
    viewerFor: (protocol) => (protocol === "vnc" ? viewer : null),
  });
}

/** Lets everything that is under way come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

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
  assert.deepEqual(
    facts.map((fact) => fact.type),
    ["started", "link_good", "host_reached", "connected"],
  );
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
  await settle();
  assert.deepEqual(endings(), ["token_used"]);
});

test("a refused upgrade with a link that is good is the network's doing", async () => {
  answers.push(Response.json(GOOD));
  await flow.open();
  socket().closeFromServer("");
  await settle();
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

test("a console that no viewer here can draw says so", async () => {
  answers = [Response.json({ ...GOOD, protocol: "spice" })];
  await flow.open();
  assert.deepEqual(endings(), ["console_type_unavailable"]);
});

/** Opens a session and holds it for a time. */
async function openSession(heldMs: number): Promise<void> {
  answers = [Response.json(SESSION)];
  await flow.open();
  socket().open();
  flow.opened({ width: 640, height: 480 });
  mock.timers.tick(heldMs);
}

function losses(): (readonly [reason: string, attempt: number, pauseMs: number])[] {
  return facts.flatMap((fact) =>
    fact.type === "lost" ? [[fact.ending.reason, fact.attempt, fact.pauseMs] as const] : [],
  );
}

test("a session that is lost is opened again by its id, with the last picture standing meanwhile", async () => {
  await openSession(60_000);
  socket().closeFromServer("restarting");
  assert.deepEqual(losses(), [["restarting", 1, 500]]);
  assert.equal(frozen, 1);
  answers = [Response.json(SESSION)];
  mock.timers.tick(500);
  await settle();
  assert.deepEqual(asked, ["POST /v1/links/inspect", `GET /c/${ID}/session`]);
  assert.equal(socket().address, `wss://host/c/${ID}`);
  assert.deepEqual(attached, [false, true]);
  flow.opened({ width: 640, height: 480 });
  assert.deepEqual(endings(), []);
});

test("the pauses grow while nothing answers, and begin anew once the console held", async () => {
  await openSession(60_000);
  socket().closeFromServer("");
  for (const pause of [500, 1000, 2000]) {
    mock.timers.tick(pause);
    await settle();
  }
  assert.deepEqual(
    losses().map(([, attempt, pauseMs]) => [attempt, pauseMs]),
    [
      [1, 500],
      [2, 1000],
      [3, 2000],
      [4, 4000],
    ],
  );
  answers = [Response.json(SESSION)];
  flow.tryNow();
  await settle();
  socket().open();
  flow.opened({ width: 640, height: 480 });
  mock.timers.tick(10_000);
  socket().closeFromServer("target_closed");
  assert.deepEqual(losses().at(-1), ["target_closed", 1, 500]);
});

test("a console that closes at once does not begin the pauses anew", async () => {
  await openSession(100);
  socket().closeFromServer("target_closed");
  answers = [Response.json(SESSION)];
  mock.timers.tick(500);
  await settle();
  socket().open();
  flow.opened({ width: 640, height: 480 });
  socket().closeFromServer("target_closed");
  assert.deepEqual(
    losses().map(([, attempt]) => attempt),
    [1, 2],
  );
});

test("what was decided is final, whether the close says it or the session does", async () => {
  await openSession(60_000);
  socket().closeFromServer("killed");
  assert.deepEqual([losses(), endings()], [[], ["killed"]]);

  facts.splice(0);
  await openSession(60_000);
  socket().closeFromServer("");
  answers = [Response.json({ reason: "revoked" }, { status: 403 })];
  mock.timers.tick(500);
  await settle();
  assert.deepEqual(endings(), ["revoked"]);
});

test("a link without a session is not come back to", async () => {
  await flow.open();
  socket().open();
  flow.opened({ width: 640, height: 480 });
  socket().closeFromServer("");
  assert.deepEqual([losses(), endings()], [[], ["viewer_lost"]]);
});

test("a reload while nobody answers comes back as well", async () => {
  answers = [];
  flow = begin({ base: new URL("https://host/"), token: null, console: ID });
  await flow.open();
  assert.deepEqual(losses(), [["viewer_lost", 1, 500]]);
});

test("after a sleep the session is opened anew rather than waited for", async () => {
  await openSession(60_000);
  flow.doubt();
  assert.deepEqual(losses(), [["viewer_lost", 1, 500]]);
});

test("stopping ends the pauses and keeps the session, closing ends the session too", async () => {
  await openSession(60_000);
  socket().closeFromServer("");
  flow.stop({ reason: "viewer_lost" });
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(asked, ["POST /v1/links/inspect"]);
  assert.deepEqual(endings(), ["viewer_lost"]);

  await openSession(60_000);
  flow.close();
  assert.equal(asked.at(-1), `DELETE /c/${ID}/session`);
});

test("a Keyhole on another origin is not asked, only opened", async () => {
  flow = begin({ base: new URL("https://elsewhere/"), token: "abc", console: null });
  await flow.open();
  assert.deepEqual(asked, []);
  assert.equal(socket().address, "wss://elsewhere/?token=abc");
});

test("a console that never opened is not lost: it ends, and may be tried again", async () => {
  answers = [Response.json(SESSION)];
  await flow.open();
  socket().open();
  socket().closeFromServer("target_refused");
  assert.deepEqual([losses(), endings()], [[], ["target_refused"]]);
  answers = [Response.json(SESSION)];
  await flow.open();
  assert.equal(socket().address, `wss://host/c/${ID}`);
});
