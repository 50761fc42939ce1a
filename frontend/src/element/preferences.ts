/** What a person chose on this page, kept in this browser. Storage that is full, blocked or edited is as good as empty. */

import { LAYOUTS, type LayoutName } from "../keyboard/layouts.ts";
import { LEAVE_KEYS, type LeaveKeyName } from "../keyboard/leave_key.ts";
import { LANGUAGES, type Language } from "../i18n/languages.ts";
import { SCALINGS, type Scaling } from "../screens/scaling.ts";

export const THEMES = ["dark", "light", "system"] as const;
export type Theme = (typeof THEMES)[number];

export const ZOOM = { least: 50, most: 400, step: 25 } as const;
export const FONT_SIZE = { least: 8, most: 32, step: 1 } as const;
const SEQUENCES_KEPT = 6;
const SEQUENCE_LIMIT = 200;

export interface Preferences {
  readonly scaling: Scaling;
  readonly zoom: number;
  readonly dotCursor: boolean;
  readonly saveBandwidth: boolean;
  readonly theme: Theme;
  /** Empty: as the browser. */
  readonly language: Language | "";
  readonly leaveKey: LeaveKeyName;
  /** The keyboard that the servers have set. */
  readonly layout: LayoutName;
  /** Key sequences of the person's own, the latest first. */
  readonly sequences: readonly string[];
  readonly fontSize: number;
  readonly readAloud: boolean;
  readonly copyOnSelect: boolean;
}

const KEY = "keyhole.console";
export const DEFAULTS: Preferences = {
  scaling: "sharp",
  zoom: 100,
  dotCursor: false,
  saveBandwidth: false,
  theme: "dark",
  language: "",
  leaveKey: "ctrl_alt_shift",
  layout: "us",
  sequences: [],
  fontSize: 14,
  readAloud: false,
  copyOnSelect: false,
};

export function readPreferences(stored: string | null): Preferences {
  let saved: Partial<Record<keyof Preferences, unknown>>;
  try {
    saved = Object(JSON.parse(stored ?? "{}")) as typeof saved;
  } catch {
    return DEFAULTS;
  }
  return {
    scaling: oneOf(SCALINGS, saved.scaling) ?? DEFAULTS.scaling,
    zoom: within(ZOOM, saved.zoom) ?? DEFAULTS.zoom,
    dotCursor: saved.dotCursor === true,
    saveBandwidth: saved.saveBandwidth === true,
    theme: oneOf(THEMES, saved.theme) ?? DEFAULTS.theme,
    language: oneOf(Object.keys(LANGUAGES) as Language[], saved.language) ?? DEFAULTS.language,
    leaveKey: oneOf(Object.keys(LEAVE_KEYS) as LeaveKeyName[], saved.leaveKey) ?? DEFAULTS.leaveKey,
    layout: oneOf(LAYOUTS, saved.layout) ?? DEFAULTS.layout,
    sequences: sequencesOf(saved.sequences),
    fontSize: within(FONT_SIZE, saved.fontSize) ?? DEFAULTS.fontSize,
    readAloud: saved.readAloud === true,
    copyOnSelect: saved.copyOnSelect === true,
  };
}

/** The sequences with one more in front, each once. */
export function withSequence(sequences: readonly string[], latest: string): readonly string[] {
  return [latest, ...sequences.filter((other) => other !== latest)].slice(0, SEQUENCES_KEPT);
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

function within({ least, most }: { least: number; most: number }, value: unknown): number | undefined {
  return typeof value === "number" && value >= least && value <= most ? Math.round(value) : undefined;
}

function sequencesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.filter((text) => typeof text === "string");
  return texts.filter((text) => text.length <= SEQUENCE_LIMIT).slice(0, SEQUENCES_KEPT);
}
