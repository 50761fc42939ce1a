import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, readPreferences, withSequence } from "../src/element/preferences.ts";

test("what was chosen is read back", () => {
  const chosen = {
    scaling: "zoom",
    zoom: 150,
    dotCursor: true,
    saveBandwidth: true,
    theme: "light",
    language: "de",
    leaveKey: "right_ctrl",
    layout: "fr",
    sequences: ["Ctrl+Alt+F2"],
    fontSize: 20,
    readAloud: true,
    copyOnSelect: true,
  };
  assert.deepEqual(readPreferences(JSON.stringify(chosen)), chosen);
});

test("what is missing, unknown or broken is the default", () => {
  const wrong =
    '{"scaling":"huge","theme":7,"leaveKey":"toString","zoom":9000,"fontSize":"big","sequences":"Esc","readAloud":1,"language":"tlh"}';
  for (const stored of [null, "", "{", "null", "[]", "7", wrong])
    assert.deepEqual(readPreferences(stored), DEFAULTS, String(stored));
});

test("one's own sequences are kept once each, the latest first, and not without end", () => {
  assert.deepEqual(withSequence(["a", "b"], "b"), ["b", "a"]);
  assert.equal(withSequence(["1", "2", "3", "4", "5", "6"], "7").length, 6);
});
