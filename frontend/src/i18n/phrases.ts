/** One catalogue's texts with values put into them, in the way of their language. Knows no catalogue. */

import { IntlMessageFormat } from "intl-messageformat";
import type { Language } from "./languages.ts";

/** A point in time is shown as hours and minutes, a span in seconds in the unit that suits it. */
export type Value = string | number | Date | { readonly seconds: number };
export type Values = Readonly<Record<string, Value>>;

/** Texts are ICU messages: `{name}`, `{size, number}`, `{count, plural, one {# server} other {# servers}}`. */
export class Phrases<Key extends string> {
  readonly language: Language;
  private readonly texts: Readonly<Record<Key, string>>;
  private readonly english: Readonly<Record<Key, string>>;
  private readonly parsed = new Map<Key, IntlMessageFormat>();

  /** `english` stands in for what a language's `texts` lack. */
  constructor(language: Language, texts: Readonly<Record<Key, string>>, english: Readonly<Record<Key, string>>) {
    this.language = language;
    this.texts = texts;
    this.english = english;
  }

  /** A value that is missing leaves the message as it stands in the catalogue: a page without a text would be worse. */
  text(key: Key, values: Values = {}): string {
    const pattern = this.texts[key] ?? this.english[key];
    if (!pattern.includes("{")) return pattern;
    const shown = Object.entries(values).map(([name, value]) => [name, this.shown(value)] as const);
    try {
      return String(this.parse(key, pattern).format(Object.fromEntries(shown)));
    } catch {
      return pattern;
    }
  }

  private parse(key: Key, pattern: string): IntlMessageFormat {
    const known = this.parsed.get(key);
    if (known) return known;
    const message = new IntlMessageFormat(pattern, this.language, undefined, { ignoreTag: true });
    this.parsed.set(key, message);
    return message;
  }

  /** Numbers are left to the message, which may choose a plural by them. */
  private shown(value: Value): string | number {
    if (typeof value === "string" || typeof value === "number") return value;
    if (value instanceof Date) return value.toLocaleTimeString(this.language, { hour: "2-digit", minute: "2-digit" });
    const [amount, unit] = value.seconds < 120 ? [value.seconds, "second"] : [Math.round(value.seconds / 60), "minute"];
    return amount.toLocaleString(this.language, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 });
  }
}
