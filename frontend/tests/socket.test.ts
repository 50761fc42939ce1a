import assert from "node:assert/strict";
import { test } from "node:test";
import { socketAddress } from "../src/session/access.ts";
import { endingOfClose } from "../src/session/socket.ts";

test("the socket is on Keyhole's host and as safe as the page, by the token or by the session", () => {
  const at = (base: string, token: string | null, console: string | null): string =>
    socketAddress({ base: new URL(base), token, console }).href;
  assert.equal(at("http://host:6080/", "a b", null), "ws://host:6080/?token=a%20b");
  assert.equal(at("https://host/", "abc", null), "wss://host/?token=abc");
  assert.equal(at("https://host/prefix/", "abc", null), "wss://host/prefix/?token=abc");
  assert.equal(at("https://host/", "abc", "0".repeat(32)), `wss://host/c/${"0".repeat(32)}`);
});

test("a close is known by its reason's name, with what the server added", () => {
  assert.deepEqual(endingOfClose("target_closed"), { reason: "target_closed", detail: undefined });
  assert.deepEqual(endingOfClose("target_unreachable: no answer within 9 s"), {
    reason: "target_unreachable",
    detail: "no answer within 9 s",
  });
});

test("a close that Keyhole did not write is a broken line", () => {
  for (const text of ["", "going away", "constructor", "Target_closed", ": target_closed"]) {
    assert.deepEqual(endingOfClose(text), { reason: "viewer_lost" }, text);
  }
});
