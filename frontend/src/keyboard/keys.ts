/** Keys and chords: those that the browser or the desktop keeps for itself, to be sent on request, and their names. */

/** A key by what it means (X11 keysym, RFC 6143 section 7.5.4) and by where it is (KeyboardEvent.code). */
export interface Key {
  readonly keysym: number;
  readonly code: string;
}

/** What can be pressed: noVNC's RFB fits. */
export interface Keyboard {
  sendKey(keysym: number, code: string, down: boolean): void;
}

export interface Chord {
  /** The keys in full, as people write them. */
  readonly name: string;
  readonly keys: readonly Key[];
}

export const SHIFT: Key = { keysym: 0xffe1, code: "ShiftLeft" };
export const ALTGR: Key = { keysym: 0xfe03, code: "AltRight" };
export const TAB: Key = { keysym: 0xff09, code: "Tab" };
export const ENTER: Key = { keysym: 0xff0d, code: "Enter" };
export const BACKSPACE: Key = { keysym: 0xff08, code: "Backspace" };

/** The keys that are held while another is pressed, by the names that people write. */
export const MODIFIERS: ReadonlyMap<string, Key> = new Map([
  ["Ctrl", { keysym: 0xffe3, code: "ControlLeft" }],
  ["Alt", { keysym: 0xffe9, code: "AltLeft" }],
  ["Shift", SHIFT],
  ["AltGr", ALTGR],
  ["Super", { keysym: 0xffeb, code: "MetaLeft" }],
]);

const NAMED: ReadonlyMap<string, Key> = new Map<string, Key>([
  ...MODIFIERS,
  ["Del", { keysym: 0xffff, code: "Delete" }],
  ["Ins", { keysym: 0xff63, code: "Insert" }],
  ["Home", { keysym: 0xff50, code: "Home" }],
  ["End", { keysym: 0xff57, code: "End" }],
  ["PageUp", { keysym: 0xff55, code: "PageUp" }],
  ["PageDown", { keysym: 0xff56, code: "PageDown" }],
  ["Left", { keysym: 0xff51, code: "ArrowLeft" }],
  ["Up", { keysym: 0xff52, code: "ArrowUp" }],
  ["Right", { keysym: 0xff53, code: "ArrowRight" }],
  ["Down", { keysym: 0xff54, code: "ArrowDown" }],
  ["Esc", { keysym: 0xff1b, code: "Escape" }],
  ["Tab", TAB],
  ["Enter", ENTER],
  ["Backspace", BACKSPACE],
  ["Space", { keysym: 0x20, code: "Space" }],
  ["Print", { keysym: 0xff61, code: "PrintScreen" }],
  ["SysRq", { keysym: 0xff15, code: "PrintScreen" }],
  ["Pause", { keysym: 0xff13, code: "Pause" }],
  ["Menu", { keysym: 0xff67, code: "ContextMenu" }],
  ["CapsLock", { keysym: 0xffe5, code: "CapsLock" }],
  ["NumLock", { keysym: 0xff7f, code: "NumLock" }],
  ["ScrollLock", { keysym: 0xff14, code: "ScrollLock" }],
  ...Array.from({ length: 12 }, (_, n): [string, Key] => [`F${n + 1}`, { keysym: 0xffbe + n, code: `F${n + 1}` }]),
  ...Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (c): [string, Key] => [
    c,
    { keysym: keysymOf(c.toLowerCase()), code: `Key${c}` },
  ]),
  ...Array.from("0123456789", (c): [string, Key] => [c, { keysym: keysymOf(c), code: `Digit${c}` }]),
]);

const BY_LOWER_CASE: ReadonlyMap<string, readonly [string, Key]> = new Map([
  ...[...NAMED].map(([name, key]) => [name.toLowerCase(), [name, key]] as const),
  ...Object.entries({
    control: "Ctrl",
    delete: "Del",
    insert: "Ins",
    escape: "Esc",
    return: "Enter",
    win: "Super",
    meta: "Super",
    printscreen: "Print",
  }).map(([other, name]) => [other, [name, NAMED.get(name) as Key]] as const),
]);

/** Longest sequence that is read: more is a text, not keys. */
const CHORDS_LIMIT = 32;

/**
 * Reads `Ctrl+Alt+F2 Enter`: chords with spaces between, their keys with `+`. Returns them in their usual spelling, or
 * the first word that names no key.
 */
export function readChords(text: string): { readonly chords: readonly Chord[] } | { readonly unknown: string } {
  const words = text.trim().split(/\s+/).filter(Boolean);
  if (words.length > CHORDS_LIMIT) return { unknown: words[CHORDS_LIMIT] ?? "" };
  const chords: Chord[] = [];
  for (const word of words) {
    const found = word.split("+").map((name) => BY_LOWER_CASE.get(name.toLowerCase()));
    const known = found.filter((key) => key !== undefined);
    if (known.length < found.length) return { unknown: word };
    chords.push({ name: known.map(([name]) => name).join("+"), keys: known.map(([, key]) => key) });
  }
  return { chords };
}

/** A chord of the page's own making. */
export function chord(name: string): Chord {
  const read = readChords(name);
  if ("unknown" in read || read.chords[0] === undefined) throw new Error(`No such key: ${name}`);
  return read.chords[0];
}

/** Presses the keys in order and lets them go in the reverse order. */
export function press(keyboard: Keyboard, keys: readonly Key[]): void {
  for (const key of keys) keyboard.sendKey(key.keysym, key.code, true);
  for (const key of keys.toReversed()) keyboard.sendKey(key.keysym, key.code, false);
}

/** The keysym of a character: Latin-1 as it is, the euro's own, all others by their number (X11, keysymdef.h). */
export function keysymOf(character: string): number {
  const number = character.codePointAt(0) ?? 0;
  return number < 0x100 || number === 0x20ac ? number : 0x01000000 | number;
}
