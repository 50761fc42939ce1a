import assert from "node:assert/strict";
import { test } from "node:test";
import { isPassing, isReason } from "../src/core/reasons.ts";
import { pauseBefore } from "../src/session/retry.ts";

test("pauses grow to half a minute, spread over their second half", () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 99].map((attempt) => pauseBefore(attempt, 0)),
    [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000],
  );
  assert.deepEqual(
    [1, 6].map((attempt) => pauseBefore(attempt, 0.999)),
    [1000, 29985],
  );
});

test("what somebody decided is final, what the network or the server does passes", () => {
  for (const final of [
    "killed",
    "revoked",
    "idle_limit",
    "time_limit",
    "viewer_closed",
    "token_used",
    "origin_refused",
    "target_protocol_error",
  ]) {
    assert.equal(isReason(final) && isPassing(final), false, final);
  }
  for (const passing of ["viewer_lost", "restarting", "target_closed", "target_unreachable", "server_moved"]) {
    assert.equal(isReason(passing) && isPassing(passing), true, passing);
  }
});
