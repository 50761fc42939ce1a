/** Typing a text as key presses, for guests that have no shared clipboard. What cannot be typed is known beforehand. */

import { press, type Keyboard } from "./keys.ts";
import type { Layout, Stroke } from "./layouts.ts";

/** A PS/2 keyboard queue holds 16 bytes and a shifted character takes six, so keys come one chord at a time. */
const PACE_MS = 40;

/** Longest text that is typed in one go: about three minutes. */
export const TEXT_LIMIT = 4096;

export interface Plan {
  /** The keys of each character that can be typed. */
  readonly strokes: readonly Stroke[];
  /** The different characters that no key makes, in the order in which they come. */
  readonly missing: readonly string[];
  /** How many characters are left out because of them. */
  readonly leftOut: number;
  /** How many characters are beyond the limit. */
  readonly beyond: number;
}

export function planOf(text: string, layout: Layout): Plan {
  const characters = Array.from(text.replace(/\r\n?/g, "\n").normalize("NFC"));
  const wanted = characters.slice(0, TEXT_LIMIT);
  const missing = wanted.filter((character) => !layout.has(character));
  return {
    strokes: wanted.map((character) => layout.get(character)).filter((stroke) => stroke !== undefined),
    missing: [...new Set(missing)],
    leftOut: missing.length,
    beyond: characters.length - wanted.length,
  };
}

/** How a character that cannot be typed is shown: itself, or its number where it has no shape. */
export function shapeOf(character: string): string {
  if (!/[\p{C}\p{Z}]/u.test(character)) return character;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Types until the end or until aborted; returns how many characters were typed. */
export async function type(
  keyboard: Keyboard,
  strokes: readonly Stroke[],
  signal: AbortSignal,
  progress: (typed: number) => void,
): Promise<number> {
  let typed = 0;
  for (const stroke of strokes) {
    if (signal.aborted) break;
    for (const chord of stroke) {
      press(keyboard, chord);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    progress(++typed);
  }
  return typed;
}
