/**
 * Typing a text as key presses, for guests that have no shared clipboard.
 *
 * Hypervisors pass on where a key is, not what it means, so only characters with a place on a keyboard can be typed:
 * those of a US keyboard, which is what a guest without further set-up assumes. Others are counted and left out.
 */

import { ENTER, press, SHIFT, TAB, type Key, type Keyboard } from "./keys.ts";

/** A PS/2 keyboard queue holds 16 bytes and a shifted character takes six, so keys come one character at a time. */
const PACE_MS = 40;

/** Longest text that is typed in one go: about three minutes. */
export const TEXT_LIMIT = 4096;

/** Rows of a US keyboard: code of each key, its plain and its shifted character. */
const US_KEYS: readonly (readonly [code: string, plain: string, shifted: string])[] = [
  ["Backquote", "`", "~"],
  ["Minus", "-", "_"],
  ["Equal", "=", "+"],
  ["BracketLeft", "[", "{"],
  ["BracketRight", "]", "}"],
  ["Backslash", "\\", "|"],
  ["Semicolon", ";", ":"],
  ["Quote", "'", '"'],
  ["Comma", ",", "<"],
  ["Period", ".", ">"],
  ["Slash", "/", "?"],
  ["Space", " ", " "],
  ...Array.from(")!@#$%^&*(", (shifted, digit) => [`Digit${digit}`, String(digit), shifted] as const),
  ...Array.from("abcdefghijklmnopqrstuvwxyz", (c) => [`Key${c.toUpperCase()}`, c, c.toUpperCase()] as const),
];

const KEYS_OF_CHARACTER: ReadonlyMap<string, readonly Key[]> = new Map<string, readonly Key[]>([
  // Shifted first, so that a character with both (space) ends up with its plain key.
  ...US_KEYS.map(([code, , shifted]) => [shifted, [SHIFT, { keysym: shifted.charCodeAt(0), code }]] as const),
  ...US_KEYS.map(([code, plain]) => [plain, [{ keysym: plain.charCodeAt(0), code }]] as const),
  ["\t", [TAB]],
  ["\n", [ENTER]],
]);

export interface Typeable {
  /** The keys held together for each character. */
  readonly strokes: readonly (readonly Key[])[];
  /** Characters that no key makes, or that are beyond the limit. */
  readonly leftOut: number;
}

export function typeable(text: string): Typeable {
  const characters = Array.from(text.replace(/\r\n?/g, "\n"));
  const strokes = characters
    .slice(0, TEXT_LIMIT)
    .map((character) => KEYS_OF_CHARACTER.get(character))
    .filter((keys) => keys !== undefined);
  return { strokes, leftOut: characters.length - strokes.length };
}

/** Types until the end or until aborted; returns how many characters were typed. */
export async function typeStrokes(
  keyboard: Keyboard,
  strokes: readonly (readonly Key[])[],
  signal: AbortSignal,
  progress: (typed: number) => void,
): Promise<number> {
  let typed = 0;
  for (const keys of strokes) {
    if (signal.aborted) break;
    press(keyboard, keys);
    progress(++typed);
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  return typed;
}
