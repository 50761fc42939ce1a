import assert from "node:assert/strict";
import { test } from "node:test";
import { CHORD_GROUPS, CTRL_ALT_DEL } from "../src/element/panels/key_groups.ts";
import { press, readChords, type Keyboard } from "../src/keyboard/keys.ts";
import { LeaveKey, type LeaveKeyName } from "../src/keyboard/leave_key.ts";

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

test("every chord that is offered has a name of its own", () => {
  for (const groups of Object.values(CHORD_GROUPS)) {
    const names = groups.flatMap((group) => group.chords.map((chord) => chord.name));
    assert.equal(new Set(names).size, names.length);
  }
});

test("a sequence is read as people write it", () => {
  const read = readChords("  ctrl+ALT+f2  return win+R ");
  assert.deepEqual("chords" in read && read.chords.map(({ name }) => name), ["Ctrl+Alt+F2", "Enter", "Super+R"]);
  const keyboard = new Recorder();
  if ("chords" in read) press(keyboard, read.chords[2]?.keys ?? []);
  assert.deepEqual(keyboard.events, ["+MetaLeft:ffeb", "+KeyR:72", "-KeyR:72", "-MetaLeft:ffeb"]);
});

test("a sequence with a key that does not exist sends nothing and says which", () => {
  assert.deepEqual(readChords("Ctrl+Alt+F2 Ctrl+Foo"), { unknown: "Ctrl+Foo" });
  assert.deepEqual(readChords("Ctrl+"), { unknown: "Ctrl+" });
  assert.deepEqual(readChords("toString"), { unknown: "toString" });
  assert.deepEqual(readChords(Array(33).fill("Esc").join(" ")), { unknown: "Esc" });
  assert.deepEqual(readChords(" "), { chords: [] });
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
  assert.equal(leaves("ctrl_alt_shift", "+ControlLeft", "+AltLeft", "+ShiftRight", "-AltLeft"), true);
  assert.equal(
    leaves("ctrl_alt_shift", "+ShiftLeft", "+AltLeft", "+ControlRight", "+ControlRight", "-ShiftLeft"),
    true,
  );
  assert.equal(leaves("right_ctrl", "+ControlRight", "-ControlRight"), true);
  assert.equal(leaves("both_shift", "+ShiftLeft", "+ShiftRight", "-ShiftLeft"), true);
});

test("a longer or shorter chord goes to the server alone", () => {
  const chord = ["+ControlLeft", "+AltLeft", "+ShiftLeft"];
  assert.equal(leaves("ctrl_alt_shift", ...chord, "+KeyX", "-KeyX", "-ShiftLeft", "-AltLeft", "-ControlLeft"), false);
  assert.equal(leaves("ctrl_alt_shift", "+ControlLeft", "+AltLeft", "-AltLeft", "-ControlLeft"), false);
  assert.equal(leaves("right_ctrl", "+ControlRight", "+KeyC", "-KeyC", "-ControlRight"), false);
  assert.equal(leaves("right_ctrl", "+ControlLeft", "-ControlLeft"), false);
});
