/** What a terminal sends for a chord: control characters and the sequences of a VT220 with xterm's keys (ctlseqs). */

import type { Key } from "./keys.ts";

const ESC = "\u001b";

// prettier-ignore
const SEQUENCES: Readonly<Record<string, string>> = {
  Enter: "\r", Tab: "\t", Escape: ESC, Backspace: "\u007f", Space: " ",
  ArrowUp: `${ESC}[A`, ArrowDown: `${ESC}[B`, ArrowRight: `${ESC}[C`, ArrowLeft: `${ESC}[D`,
  Home: `${ESC}[H`, End: `${ESC}[F`, Insert: `${ESC}[2~`, Delete: `${ESC}[3~`, PageUp: `${ESC}[5~`, PageDown: `${ESC}[6~`,
  F1: `${ESC}OP`, F2: `${ESC}OQ`, F3: `${ESC}OR`, F4: `${ESC}OS`, F5: `${ESC}[15~`, F6: `${ESC}[17~`,
  F7: `${ESC}[18~`, F8: `${ESC}[19~`, F9: `${ESC}[20~`, F10: `${ESC}[21~`, F11: `${ESC}[23~`, F12: `${ESC}[24~`,
};

/** The characters of a chord; null where a terminal has none for it (Ctrl+Alt+Del, SysRq). */
export function sequenceOf(keys: readonly Key[]): string | null {
  const held = new Set(keys.slice(0, -1).map((key) => key.code.replace(/(Left|Right)$/, "")));
  const last = keys.at(-1);
  if (last === undefined || held.has("Meta")) return null;
  const plain = SEQUENCES[last.code] ?? (last.keysym < 0x80 ? String.fromCharCode(last.keysym) : null);
  if (plain === null || (held.has("Control") && plain.length > 1)) return null;
  const shifted = held.has("Shift") && plain.length === 1 ? plain.toUpperCase() : plain;
  const controlled = held.has("Control") ? controlOf(shifted) : shifted;
  return controlled !== null && held.has("Alt") ? ESC + controlled : controlled;
}

/** Ctrl with a letter or one of `@[\]^_ ` and space is its code without the upper three bits. */
function controlOf(character: string): string | null {
  const code = character === " " ? 0x40 : character.toUpperCase().charCodeAt(0);
  return code >= 0x40 && code < 0x60 ? String.fromCharCode(code & 0x1f) : null;
}
