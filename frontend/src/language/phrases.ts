/** One catalogue's texts with values put into them, in the way of their language. Knows no catalogue. */

import type { Language } from "./languages.ts";

/** Texts that come in a singular and a plural: `KEY.one` and `KEY.other`. */
export type CountKeyOf<Key extends string> = Key extends `${infer Base}.other` ? Base : never;

/** A point in time is shown as hours and minutes, a span in seconds in the unit that suits it. */
export type Value = string | number | Date | { readonly seconds: number };
export type Values = Readonly<Record<string, Value>>;

/** `{name}` in a text stands for the value of that name. */
export class Phrases<Key extends string> {
  readonly language: Language;
  private readonly texts: Readonly<Record<Key, string>>;
  private readonly english: Readonly<Record<Key, string>>;
  private readonly plurals: Intl.PluralRules;

  /** `english` stands in for what a language's `texts` lack. */
  constructor(language: Language, texts: Readonly<Record<Key, string>>, english: Readonly<Record<Key, string>>) {
    this.language = language;
    this.texts = texts;
    this.english = english;
    this.plurals = new Intl.PluralRules(language);
  }

  text(key: Key, values: Values = {}): string {
    const pattern = this.texts[key] ?? this.english[key];
    return pattern.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : this.shown(value);
    });
  }

  count(key: CountKeyOf<Key>, count: number, values: Values = {}): string {
    const form = this.plurals.select(count) === "one" ? "one" : "other";
    return this.text(`${key}.${form}` as Key, { ...values, count });
  }

  private shown(value: Value): string {
    if (typeof value === "string") return value;
    if (typeof value === "number") return value.toLocaleString(this.language);
    if (value instanceof Date) return value.toLocaleTimeString(this.language, { hour: "2-digit", minute: "2-digit" });
    const [amount, unit] = value.seconds < 120 ? [value.seconds, "second"] : [Math.round(value.seconds / 60), "minute"];
    return amount.toLocaleString(this.language, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 });
  }
}
