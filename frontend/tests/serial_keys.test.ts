import assert from "node:assert/strict";
import { test } from "node:test";
import { chord } from "../src/keyboard/keys.ts";
import { sequenceOf } from "../src/keyboard/serial_keys.ts";

test("a chord is what a terminal sends for it", () => {
  const sent: Record<string, string | null> = {
    Enter: "\r",
    "Ctrl+C": "\u0003",
    "Ctrl+W": "\u0017",
    "Ctrl+Space": "\u0000",
    "Alt+B": "\u001bb",
    "Shift+A": "A",
    Up: "\u001b[A",
    F1: "\u001bOP",
    F12: "\u001b[24~",
    Del: "\u001b[3~",
    Backspace: "\u007f",
    "Ctrl+Alt+Del": null,
    "Alt+SysRq": null,
    "Super+R": null,
    "Ctrl+F1": null,
  };
  for (const [name, sequence] of Object.entries(sent)) assert.equal(sequenceOf(chord(name).keys), sequence, name);
});
