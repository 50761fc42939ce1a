/**
 * Keyboard layouts: which keys make a character. A hypervisor passes on where a key is, not what it means, so a text is
 * typed by the layout that the guest has set.
 *
 * The tables follow the layouts of Linux (xkeyboard-config: us, gb, de, fr, es), where the AltGr level has some plain
 * characters (~ of de and es, ~ ` ^ of fr) that Windows makes with dead keys.
 */

import { ALTGR, ENTER, keysymOf, SHIFT, TAB, type Key } from "./keys.ts";

export const LAYOUTS = ["us", "uk", "de", "fr", "es"] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** The keys held together, one such chord after another: a dead key and its letter are two. */
export type Stroke = readonly (readonly Key[])[];
export type Layout = ReadonlyMap<string, Stroke>;

/** The keys with characters, row by row, left to right: where they are on any keyboard (KeyboardEvent.code). */
// prettier-ignore
const CODES: readonly string[] = [
  ["Backquote", ..."1234567890".split("").map((digit) => `Digit${digit}`), "Minus", "Equal"],
  [..."QWERTYUIOP".split("").map((letter) => `Key${letter}`), "BracketLeft", "BracketRight"],
  [..."ASDFGHJKL".split("").map((letter) => `Key${letter}`), "Semicolon", "Quote", "Backslash"],
  ["IntlBackslash", ..."ZXCVBNM".split("").map((letter) => `Key${letter}`), "Comma", "Period", "Slash"],
].flat();

/** Dead keys stand in the tables as combining characters. Alone, before a space, each makes a character of its own. */
const GRAVE = "\u0300",
  ACUTE = "\u0301",
  CIRCUMFLEX = "\u0302",
  DIAERESIS = "\u0308";
const DEAD: ReadonlyMap<string, { readonly keysym: number; readonly alone: string }> = new Map([
  [GRAVE, { keysym: 0xfe50, alone: "`" }],
  [ACUTE, { keysym: 0xfe51, alone: "'" }],
  [CIRCUMFLEX, { keysym: 0xfe52, alone: "^" }],
  [DIAERESIS, { keysym: 0xfe57, alone: '"' }],
]);

/** Levels of the keys in the order of CODES: plain, with Shift, with AltGr. A space is a key without a character. */
// prettier-ignore
const TABLES: Readonly<Record<LayoutName, readonly [plain: string, shift: string, altgr: string]>> = {
  us: [
    "`1234567890-=" + "qwertyuiop[]" + "asdfghjkl;'\\" + " zxcvbnm,./",
    "~!@#$%^&*()_+" + "QWERTYUIOP{}" + 'ASDFGHJKL:"|' + " ZXCVBNM<>?",
    "",
  ],
  uk: [
    "`1234567890-=" + "qwertyuiop[]" + "asdfghjkl;'#" + "\\zxcvbnm,./",
    '¬!"£$%^&*()_+' + "QWERTYUIOP{}" + "ASDFGHJKL:@~" + "|ZXCVBNM<>?",
    "    €        ",
  ],
  de: [
    `${CIRCUMFLEX}1234567890ß${ACUTE}` + "qwertzuiopü+" + "asdfghjklöä#" + "<yxcvbnm,.-",
    `°!"§$%&/()=?${GRAVE}` + "QWERTZUIOPÜ*" + "ASDFGHJKLÖÄ'" + ">YXCVBNM;:_",
    "  ²³   {[]}\\ " + "@ €        ~" + "            " + "|      µ   ",
  ],
  fr: [
    "²&é\"'(-è_çà)=" + `azertyuiop${CIRCUMFLEX}$` + "qsdfghjklmù*" + "<wxcvbn,;:!",
    " 1234567890°+" + `AZERTYUIOP${DIAERESIS}£` + "QSDFGHJKLM%µ" + ">WXCVBN?./§",
    "  ~#{[|`\\^@]}" + "  €        ¤",
  ],
  es: [
    "º1234567890'¡" + `qwertyuiop${GRAVE}+` + `asdfghjklñ${ACUTE}ç` + "<zxcvbnm,.-",
    'ª!"·$%&/()=?¿' + `QWERTYUIOP${CIRCUMFLEX}*` + `ASDFGHJKLÑ${DIAERESIS}Ç` + ">ZXCVBNM;:_",
    "\\|@#~ ¬      " + "  €       []" + "          {}",
  ],
};

const SPACE: Key = { keysym: 0x20, code: "Space" };
const LEVELS: readonly (readonly Key[])[] = [[], [SHIFT], [ALTGR]];

/** What a layout types: every character with its keys, those with an accent by its dead key. */
export function layoutOf(name: LayoutName): Layout {
  const strokes = new Map<string, Stroke>([
    [" ", [[SPACE]]],
    ["\t", [[TAB]]],
    ["\n", [[ENTER]]],
  ]);
  const dead = new Map<string, readonly Key[]>();
  TABLES[name].forEach((row, level) => {
    Array.from(row).forEach((character, index) => {
      const code = CODES[index];
      if (character === " " || code === undefined) return;
      const accent = DEAD.get(character);
      const chord = [...(LEVELS[level] ?? []), { keysym: accent?.keysym ?? keysymOf(character), code }];
      if (accent) dead.set(character, chord);
      // The first level on which a character stands is the easiest way to it.
      else if (!strokes.has(character)) strokes.set(character, [chord]);
    });
  });
  for (const [accent, chord] of dead) addAccented(strokes, accent, chord);
  return strokes;
}

/** The last of Latin-1: beyond it Linux's text console puts no accents onto letters, and would type both apart. */
const LAST_ACCENTED = "\u00ff";

function addAccented(strokes: Map<string, Stroke>, accent: string, chord: readonly Key[]): void {
  for (const letter of "aeiouyAEIOUY") {
    const character = `${letter}${accent}`.normalize("NFC");
    const plain = strokes.get(letter);
    if (plain && character.length === 1 && character <= LAST_ACCENTED && !strokes.has(character))
      strokes.set(character, [chord, ...plain]);
  }
  const alone = DEAD.get(accent)?.alone;
  if (alone && !strokes.has(alone)) strokes.set(alone, [chord, [SPACE]]);
}
