/** What a person chose on this page, kept in this browser. Storage that is full, blocked or edited is as good as empty. */

import { LEAVE_KEYS, type LeaveKeyName } from "./leave_key.ts";
import { SCALINGS, type Scaling } from "./scaling.ts";

export const THEMES = ["dark", "light", "system"] as const;
export type Theme = (typeof THEMES)[number];

export interface Preferences {
  readonly scaling: Scaling;
  readonly theme: Theme;
  readonly leaveKey: LeaveKeyName;
}

const KEY = "keyhole.console";
const DEFAULTS: Preferences = { scaling: "sharp", theme: "dark", leaveKey: "Ctrl+Alt+Shift" };

export function readPreferences(stored: string | null): Preferences {
  let saved: Partial<Record<keyof Preferences, unknown>>;
  try {
    saved = Object(JSON.parse(stored ?? "{}"));
  } catch {
    return DEFAULTS;
  }
  return {
    scaling: oneOf(SCALINGS, saved.scaling) ?? DEFAULTS.scaling,
    theme: oneOf(THEMES, saved.theme) ?? DEFAULTS.theme,
    leaveKey: oneOf(Object.keys(LEAVE_KEYS) as LeaveKeyName[], saved.leaveKey) ?? DEFAULTS.leaveKey,
  };
}

export function loadPreferences(): Preferences {
  try {
    return readPreferences(localStorage.getItem(KEY));
  } catch {
    return DEFAULTS;
  }
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // The choice holds until the page is left; there is nothing better to do about a full or blocked storage.
  }
}

function oneOf<T>(choices: readonly T[], value: unknown): T | undefined {
  return choices.find((choice) => choice === value);
}
