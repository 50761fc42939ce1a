import assert from "node:assert/strict";
import { test } from "node:test";
import type { Keyboard } from "../src/keyboard/keys.ts";
import { layoutOf } from "../src/keyboard/layouts.ts";
import { planOf, shapeOf, TEXT_LIMIT, type } from "../src/keyboard/typing.ts";

const US = layoutOf("us");

class Recorder implements Keyboard {
  readonly events: string[] = [];
  sendKey(keysym: number, code: string, down: boolean): void {
    this.events.push(`${down ? "+" : "-"}${code}:${keysym.toString(16)}`);
  }
}

test("a text becomes keys, shifted where the keyboard shifts", async () => {
  const keyboard = new Recorder();
  const { strokes, leftOut } = planOf("aA$ \r\n", US);
  assert.equal(leftOut, 0);
  assert.equal(await type(keyboard, strokes, new AbortController().signal, () => undefined), 5);
  // prettier-ignore
  assert.deepEqual(keyboard.events, [
    "+KeyA:61", "-KeyA:61",
    "+ShiftLeft:ffe1", "+KeyA:41", "-KeyA:41", "-ShiftLeft:ffe1",
    "+ShiftLeft:ffe1", "+Digit4:24", "-Digit4:24", "-ShiftLeft:ffe1",
    "+Space:20", "-Space:20",
    "+Enter:ff0d", "-Enter:ff0d",
  ]);
});

test("what has no key is named before anything is typed, each once", () => {
  const plan = planOf("né\u0007é€😀", US);
  assert.equal(plan.strokes.length, 1);
  assert.deepEqual(plan.missing, ["é", "\u0007", "€", "😀"]);
  assert.equal(plan.leftOut, 5);
  assert.deepEqual(plan.missing.map(shapeOf), ["é", "U+0007", "€", "😀"]);
});

test("a letter and its accent are one character, however they are written", () => {
  assert.deepEqual(planOf("e\u0301", layoutOf("fr")).missing, []);
});

test("what is beyond the limit is counted", () => {
  const plan = planOf("x".repeat(TEXT_LIMIT + 3), US);
  assert.deepEqual([plan.strokes.length, plan.beyond], [TEXT_LIMIT, 3]);
});

test("typing stops when told to", async () => {
  const stop = new AbortController();
  const keyboard = new Recorder();
  const typed = await type(keyboard, planOf("abc", US).strokes, stop.signal, (count) => {
    if (count === 2) stop.abort();
  });
  assert.equal(typed, 2);
  assert.deepEqual(keyboard.events, ["+KeyA:61", "-KeyA:61", "+KeyB:62", "-KeyB:62"]);
});
