/** Keys that the browser or the desktop keeps for itself, as chords to send on request. */

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
  /** What the button shows where the name is too long or does not say enough. */
  readonly label?: string;
}

export interface ChordGroup {
  readonly title: string;
  readonly columns: 2 | 3 | 4;
  readonly chords: readonly Chord[];
}

const CTRL: Key = { keysym: 0xffe3, code: "ControlLeft" };
const ALT: Key = { keysym: 0xffe9, code: "AltLeft" };
const ESCAPE: Key = { keysym: 0xff1b, code: "Escape" };
const SYSRQ: Key = { keysym: 0xff15, code: "PrintScreen" };
export const SHIFT: Key = { keysym: 0xffe1, code: "ShiftLeft" };
export const TAB: Key = { keysym: 0xff09, code: "Tab" };
export const ENTER: Key = { keysym: 0xff0d, code: "Enter" };

export const CTRL_ALT_DEL: Chord = { name: "Ctrl+Alt+Del", keys: [CTRL, ALT, { keysym: 0xffff, code: "Delete" }] };

export const CHORD_GROUPS: readonly ChordGroup[] = [
  {
    title: "Kept by the browser",
    columns: 3,
    chords: [
      { name: "Ctrl+W", keys: [CTRL, letter("w")] },
      { name: "Ctrl+T", keys: [CTRL, letter("t")] },
      { name: "Ctrl+N", keys: [CTRL, letter("n")] },
      { name: "Alt+Tab", keys: [ALT, TAB] },
      { name: "Alt+F4", keys: [ALT, functionKey(4)] },
      { name: "Ctrl+Esc", keys: [CTRL, ESCAPE] },
    ],
  },
  {
    title: "Single keys",
    columns: 4,
    chords: [
      { name: "Esc", keys: [ESCAPE] },
      { name: "Tab", keys: [TAB] },
      { name: "Super", keys: [{ keysym: 0xffeb, code: "MetaLeft" }] },
      { name: "Print", keys: [{ keysym: 0xff61, code: "PrintScreen" }] },
    ],
  },
  {
    title: "Linux text consoles, Ctrl+Alt",
    columns: 4,
    chords: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({
      name: `Ctrl+Alt+F${n}`,
      keys: [CTRL, ALT, functionKey(n)],
      label: `F${n}`,
    })),
  },
  {
    title: "Linux rescue, Alt+SysRq",
    columns: 2,
    chords: [rescue("s", "write disks"), rescue("u", "disks read-only"), rescue("b", "restart now"), rescue("h", "show help")],
  },
];

/** Presses the keys in order and lets them go in the reverse order. */
export function press(keyboard: Keyboard, keys: readonly Key[]): void {
  for (const key of keys) keyboard.sendKey(key.keysym, key.code, true);
  for (const key of keys.toReversed()) keyboard.sendKey(key.keysym, key.code, false);
}

function letter(character: string): Key {
  return { keysym: character.charCodeAt(0), code: `Key${character.toUpperCase()}` };
}

function functionKey(number: number): Key {
  return { keysym: 0xffbe + number - 1, code: `F${number}` };
}

function rescue(character: string, does: string): Chord {
  const shown = character.toUpperCase();
  return { name: `Alt+SysRq+${shown}`, keys: [ALT, SYSRQ, letter(character)], label: `${shown}: ${does}` };
}
