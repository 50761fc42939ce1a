import assert from "node:assert/strict";
import { test } from "node:test";
import { endSession, inspect, readLink, readProblem } from "../src/session/link.ts";
import { englishOf } from "../src/core/reasons.ts";

const GOOD = {
  server: { id: "11111111-2222-3333-4444-555555555555", name: "vm1" },
  console_type: "novnc",
  protocol: "vnc",
  expires_at: "2026-01-02T03:04:05Z",
  lifetime_seconds: 600,
};

test("a good link tells what it opens", () => {
  const inspection = readLink(GOOD);
  assert.equal(inspection.good, true);
  if (!inspection.good) return;
  assert.equal(inspection.link.serverName, "vm1");
  assert.equal(inspection.link.expiresAt?.toISOString(), "2026-01-02T03:04:05.000Z");
  assert.equal(inspection.link.reusable, false);
});

test("a server's name is one short line of visible text", () => {
  const server = { id: "1", name: `<b>\u001b[31m\u202e\n${"x".repeat(500)}` };
  const inspection = readLink({ ...GOOD, server });
  assert.equal(inspection.good, true);
  if (!inspection.good) return;
  assert.match(inspection.link.serverName, /^<b> \[31m x+…$/);
  assert.equal(inspection.link.serverName.length, 120);
});

test("a server without a name is called by its id", () => {
  const inspection = readLink({ ...GOOD, server: { id: "1", name: 7 } });
  assert.equal(inspection.good && inspection.link.serverName, "1");
});

test("a problem is known by its reason", () => {
  const { title, says, next } = englishOf("token_used");
  const problem = { reason: "token_used", title, detail: `${says} ${next}` };
  assert.deepEqual(readProblem(403, problem), { reason: "token_used", says: undefined, detail: undefined });
  assert.equal(readProblem(429, { reason: "limit_server", detail: "2 of 2 are open" }).detail, "2 of 2 are open");
});

test("an expired link says how long it was good, as far as that is told", () => {
  const told = readProblem(403, { reason: "token_expired", lifetime_seconds: 600, expires_at: "2026-01-02T03:04:05Z" });
  assert.deepEqual(told.says, {
    key: "expired.for_until",
    values: { span: { seconds: 600 }, until: new Date("2026-01-02T03:04:05Z") },
  });
  assert.equal(readProblem(403, { reason: "token_expired", lifetime_seconds: 60 }).says?.key, "expired.for");
  assert.equal(readProblem(403, { reason: "token_expired" }).says, undefined);
});

test("an answer that is not Keyhole's is said to be that", () => {
  for (const body of [null, {}, { reason: "no_such_reason" }, { reason: "toString" }]) {
    const ending = readProblem(500, body);
    assert.equal(ending.reason, "internal_error");
    assert.equal(ending.detail, "HTTP 500");
  }
  assert.equal(readLink(null).good, false);
  assert.equal(readLink({ server: "vm1" }).good, false);
});

const ID = "0123456789abcdef0123456789abcdef";
const BASE = new URL("https://host/");

test("only a session with an id of the right form can be come back to, and rights are told", () => {
  const read = (more: object): unknown => {
    const inspection = readLink({ ...GOOD, ...more });
    return inspection.good && [inspection.link.console, inspection.link.watching];
  };
  assert.deepEqual(read({}), [null, false]);
  assert.deepEqual(read({ console: ID, resumable: true, rights: "control" }), [ID, false]);
  assert.deepEqual(read({ console: ID, resumable: false, rights: "watch" }), [null, true]);
  assert.deepEqual(read({ console: "../../etc", resumable: true }), [null, false]);
});

test("a proxy that has nobody behind it is a network that is down, which passes", () => {
  for (const status of [502, 503, 504]) assert.equal(readProblem(status, null).reason, "viewer_lost");
});

test("no answer at all is the network's fault and says so", async (context) => {
  context.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const inspection = await inspect({ base: BASE, token: "abc", console: null }, new AbortController().signal);
  assert.equal(!inspection.good && inspection.ending.reason, "viewer_lost");
});

test("the token is asked about in the body, not in an address", async (context) => {
  const asked = context.mock.method(globalThis, "fetch", () => Promise.resolve(Response.json(GOOD)));
  const inspection = await inspect({ base: BASE, token: "abc", console: null }, new AbortController().signal);
  assert.equal(inspection.good, true);
  const [address, options] = asked.mock.calls[0]?.arguments ?? [];
  assert.equal(String(address), "https://host/v1/links/inspect");
  assert.equal(options?.method, "POST");
  assert.equal(options?.body, '{"token":"abc"}');
});

test("a session is asked about and ended by its id, whatever token there was", async (context) => {
  const asked = context.mock.method(globalThis, "fetch", () => Promise.resolve(Response.json(GOOD)));
  await inspect({ base: BASE, token: "abc", console: ID }, new AbortController().signal);
  endSession(BASE, ID);
  const calls = asked.mock.calls.map(
    ({ arguments: [address, options] }) => `${options?.method ?? "GET"} ${String(address)}`,
  );
  assert.deepEqual(calls, [`GET https://host/c/${ID}/session`, `DELETE https://host/c/${ID}/session`]);
});
