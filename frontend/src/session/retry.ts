/** When to try again. Pure arithmetic: the pauses grow, and are spread so that a thousand pages do not come at once. */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** A console that held this long was well: the next loss begins with the shortest pause. */
export const HELD_MS = 10_000;

/** The pause before an attempt, counted from 1; `random` in [0, 1) spreads it over a half to the whole of its length. */
export function pauseBefore(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(whole * (0.5 + random / 2));
}
