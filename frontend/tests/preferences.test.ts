import assert from "node:assert/strict";
import { test } from "node:test";
import { readPreferences } from "../src/preferences.ts";

const DEFAULTS = { scaling: "sharp", theme: "dark", leaveKey: "Ctrl+Alt+Shift" };

test("what was chosen is read back", () => {
  const chosen = { scaling: "actual", theme: "light", leaveKey: "Right Ctrl" };
  assert.deepEqual(readPreferences(JSON.stringify(chosen)), chosen);
});

test("what is missing, unknown or broken is the default", () => {
  for (const stored of [null, "", "{", "null", "[]", "7", '{"scaling":"huge","theme":7,"leaveKey":"toString"}']) {
    assert.deepEqual(readPreferences(stored), DEFAULTS, String(stored));
  }
});
