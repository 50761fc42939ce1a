import assert from "node:assert/strict";
import { test } from "node:test";
import { CHORD_GROUPS, CTRL_ALT_DEL, press, type Keyboard } from "../src/keys.ts";
import { LeaveKey, type LeaveKeyName } from "../src/leave_key.ts";
import { TEXT_LIMIT, typeable, typeStrokes } from "../src/typing.ts";

class Recorder implements Keyboard {
  readonly events: string[] = [];
  sendKey(keysym: number, code: string, down: boolean): void {
    this.events.push(`${down ? "+" : "-"}${code}:${keysym.toString(16)}`);
  }
}

test("a chord is pressed in order and let go in reverse", () => {
  const keyboard = new Recorder();
  press(keyboard, CTRL_ALT_DEL.keys);
  assert.deepEqual(keyboard.events, [
    "+ControlLeft:ffe3",
    "+AltLeft:ffe9",
    "+Delete:ffff",
    "-Delete:ffff",
    "-AltLeft:ffe9",
    "-ControlLeft:ffe3",
  ]);
});

test("every chord has a name of its own", () => {
  const names = CHORD_GROUPS.flatMap((group) => group.chords.map((chord) => chord.name));
  assert.equal(new Set(names).size, names.length);
});

test("a text becomes keys, shifted where a US keyboard shifts", async () => {
  const keyboard = new Recorder();
  const { strokes, leftOut } = typeable("aA$ \r\n");
  assert.equal(leftOut, 0);
  const typed = await typeStrokes(keyboard, strokes, new AbortController().signal, () => undefined);
  assert.equal(typed, 5);
  assert.deepEqual(keyboard.events, [
    "+KeyA:61", "-KeyA:61",
    "+ShiftLeft:ffe1", "+KeyA:41", "-KeyA:41", "-ShiftLeft:ffe1",
    "+ShiftLeft:ffe1", "+Digit4:24", "-Digit4:24", "-ShiftLeft:ffe1",
    "+Space:20", "-Space:20",
    "+Enter:ff0d", "-Enter:ff0d",
  ]);
});

test("every printable ASCII character has a key", () => {
  const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");
  assert.deepEqual([typeable(ascii).strokes.length, typeable(ascii).leftOut], [95, 0]);
});

test("what has no key is counted, not guessed", () => {
  assert.equal(typeable("né\u0007€😀").strokes.length, 1);
  assert.equal(typeable("né\u0007€😀").leftOut, 4);
  assert.equal(typeable("x".repeat(TEXT_LIMIT + 3)).leftOut, 3);
});

test("typing stops when told to", async () => {
  const stop = new AbortController();
  const keyboard = new Recorder();
  const typed = await typeStrokes(keyboard, typeable("abc").strokes, stop.signal, (count) => {
    if (count === 2) stop.abort();
  });
  assert.equal(typed, 2);
  assert.deepEqual(keyboard.events, ["+KeyA:61", "-KeyA:61", "+KeyB:62", "-KeyB:62"]);
});

/** Whether a run of key codes, "+" down and "-" up, leaves the screen. */
function leaves(name: LeaveKeyName, ...run: string[]): boolean {
  const key = new LeaveKey(name);
  return run.some((event) => {
    if (event.startsWith("-")) return key.up(event.slice(1));
    key.down(event.slice(1));
    return false;
  });
}

test("the leave key leaves when it is let go alone", () => {
  assert.equal(leaves("Ctrl+Alt+Shift", "+ControlLeft", "+AltLeft", "+ShiftRight", "-AltLeft"), true);
  assert.equal(leaves("Ctrl+Alt+Shift", "+ShiftLeft", "+AltLeft", "+ControlRight", "+ControlRight", "-ShiftLeft"), true);
  assert.equal(leaves("Right Ctrl", "+ControlRight", "-ControlRight"), true);
  assert.equal(leaves("Both Shift keys", "+ShiftLeft", "+ShiftRight", "-ShiftLeft"), true);
});

test("a longer or shorter chord goes to the server alone", () => {
  const chord = ["+ControlLeft", "+AltLeft", "+ShiftLeft"];
  assert.equal(leaves("Ctrl+Alt+Shift", ...chord, "+KeyX", "-KeyX", "-ShiftLeft", "-AltLeft", "-ControlLeft"), false);
  assert.equal(leaves("Ctrl+Alt+Shift", "+ControlLeft", "+AltLeft", "-AltLeft", "-ControlLeft"), false);
  assert.equal(leaves("Right Ctrl", "+ControlRight", "+KeyC", "-KeyC", "-ControlRight"), false);
  assert.equal(leaves("Right Ctrl", "+ControlLeft", "-ControlLeft"), false);
});
