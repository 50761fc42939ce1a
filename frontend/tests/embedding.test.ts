import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Embedding } from "../src/pages/embedding.ts";

const PORTAL = "https://portal.example.com";

let told: (readonly [message: Record<string, unknown>, origin: string])[];
let done: unknown[];
let around: { postMessage(message: unknown, origin: string): void };
let embedding: Embedding;

beforeEach(() => {
  told = [];
  done = [];
  around = { postMessage: (message, origin) => told.push([message as Record<string, unknown>, origin]) };
  Object.assign(globalThis, { window: new EventTarget() });
  const element = {
    token: "",
    console: "",
    connect: () => done.push("connect"),
    disconnect: () => done.push("disconnect"),
    focus: () => done.push("focus"),
    sendKeys: (keys: string) => done.push(keys) > 0,
    typeText: (text: string) => Promise.resolve(done.push(text)),
  };
  embedding = new Embedding(element, around);
});

function answers(): unknown[] {
  return told.map(([message]) => message["done"]);
}

function hear(data: unknown, origin = PORTAL, source: unknown = around): Promise<void> {
  return embedding.hear({ source: source as Window, origin, data });
}

test("nobody is told anything before hello, and then only who said it", async () => {
  const detail = { state: "connected", reason: null, attempt: 0, server: "vm1", console: "0".repeat(32) } as const;
  embedding.tell(detail);
  assert.deepEqual(told, []);
  await hear({ keyhole: 1, command: "hello", id: 7 });
  assert.deepEqual(told, [
    [{ keyhole: 1, event: "answer", id: 7, command: "hello", done: true }, PORTAL],
    [{ keyhole: 1, event: "state", state: "connected", reason: null, attempt: 0, server: "vm1" }, PORTAL],
  ]);
});

test("commands are obeyed after hello, and answered", async () => {
  await hear({ keyhole: 1, command: "keys", keys: "Esc" });
  assert.deepEqual(done, []);
  await hear({ keyhole: 1, command: "hello" });
  await hear({ keyhole: 1, command: "keys", keys: "Ctrl+Alt+Del" });
  await hear({ keyhole: 1, command: "type", text: "ls" });
  await hear({ keyhole: 1, command: "disconnect" });
  assert.deepEqual(done, ["Ctrl+Alt+Del", "ls", "disconnect"]);
});

test("other windows and other origins are not heard", async () => {
  await hear({ keyhole: 1, command: "hello" }, PORTAL, {});
  await hear({ keyhole: 1, command: "hello" }, "null");
  assert.deepEqual(told, []);
  await hear({ keyhole: 1, command: "hello" });
  told.splice(0);
  await hear({ keyhole: 1, command: "disconnect" }, "https://evil.example.com");
  assert.deepEqual([told, done], [[], []]);
});

test("what is not a command of the contract is refused or not heard", async () => {
  await hear({ keyhole: 1, command: "hello" });
  told.splice(0);
  for (const data of [null, "hello", 7, {}, { keyhole: 2, command: "disconnect" }, { command: "disconnect" }])
    await hear(data);
  assert.deepEqual(told, []);
  for (const data of [
    { command: "format" },
    { command: "keys", keys: 7 },
    { command: "type", text: "x".repeat(5000) },
    { command: "open" },
  ]) {
    await hear({ keyhole: 1, ...data });
  }
  assert.deepEqual(answers(), [false, false, false, false]);
  assert.deepEqual(done, []);
});
