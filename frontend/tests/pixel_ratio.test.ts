import assert from "node:assert/strict";
import { test } from "node:test";
import { onPixelRatio } from "../src/screens/pixel_ratio.ts";

test("every change of the display's pixels is told, each once", () => {
  const asked: string[] = [];
  let query = new EventTarget();
  const display = {
    devicePixelRatio: 1,
    matchMedia: (condition: string) => {
      asked.push(condition);
      return (query = new EventTarget());
    },
  };
  Object.assign(globalThis, { window: display, matchMedia: display.matchMedia });
  let told = 0;
  onPixelRatio(() => (told += 1));
  for (const ratio of [2, 1.5]) {
    const before = query;
    display.devicePixelRatio = ratio;
    before.dispatchEvent(new Event("change"));
    before.dispatchEvent(new Event("change"));
  }
  assert.equal(told, 2);
  assert.deepEqual(asked, ["(resolution: 1dppx)", "(resolution: 2dppx)", "(resolution: 1.5dppx)"]);
});
