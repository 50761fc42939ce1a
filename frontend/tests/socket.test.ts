import assert from "node:assert/strict";
import { test } from "node:test";
import { endingOfClose, socketAddress } from "../src/socket.ts";

test("the socket is beside the page, on the same host and as safe as the page", () => {
  assert.equal(socketAddress("a b", "http://host:6080/vnc_lite.html"), "ws://host:6080/?token=a%20b");
  assert.equal(socketAddress("abc", "https://host/console?token=abc"), "wss://host/?token=abc");
  assert.equal(socketAddress("abc", "https://host/prefix/vnc_lite.html"), "wss://host/prefix/?token=abc");
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
