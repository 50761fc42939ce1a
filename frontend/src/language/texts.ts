/** The texts of the page in one language. Catalogues are fetched when they are wanted; English is always there. */

import vocabulary from "../reasons.json" with { type: "json" };
import type { ReasonName, Words } from "../session/reasons.ts";
import english from "./catalogues/en.json" with { type: "json" };

export type TextKey = keyof typeof english;
/** Texts that come in a singular and a plural: `KEY.one` and `KEY.other`. */
export type CountKey = TextKey extends infer Key ? (Key extends `${infer Base}.other` ? Base : never) : never;

/** A point in time is shown as hours and minutes, a span in seconds in the unit that suits it. */
export type Value = string | number | Date | { readonly seconds: number };
export type Values = Readonly<Record<string, Value>>;

/** A sentence whose language is chosen when it is shown. */
export interface Message {
  readonly key: TextKey;
  readonly values?: Values;
}

export interface Catalogue {
  readonly texts: Readonly<Record<TextKey, string>>;
  readonly reasons: Readonly<Record<string, Words>>;
}

/** Languages by their tag, each called by its own name. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  ja: "日本語",
  "zh-Hans": "简体中文",
} as const;
export type Language = keyof typeof LANGUAGES;

const ENGLISH: Catalogue = { texts: english, reasons: vocabulary };

const LOADERS: Readonly<Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>>> = {
  de: () => import("./catalogues/de.json", { with: { type: "json" } }),
  fr: () => import("./catalogues/fr.json", { with: { type: "json" } }),
  es: () => import("./catalogues/es.json", { with: { type: "json" } }),
  ja: () => import("./catalogues/ja.json", { with: { type: "json" } }),
  "zh-Hans": () => import("./catalogues/zh-Hans.json", { with: { type: "json" } }),
};

/** The first of the wanted languages (BCP 47 tags) that there is a catalogue for, else English. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    if (language === "zh") return "zh-Hans";
    if (Object.hasOwn(LANGUAGES, language)) return language as Language;
  }
  return "en";
}

/** A language's texts; English where its catalogue cannot be fetched. */
export async function loadTexts(language: Language): Promise<Texts> {
  if (language === "en") return new Texts("en");
  try {
    return new Texts(language, (await LOADERS[language]()).default);
  } catch {
    return new Texts("en");
  }
}

export class Texts {
  readonly language: Language;
  private readonly catalogue: Catalogue;
  private readonly plurals: Intl.PluralRules;

  constructor(language: Language, catalogue: Catalogue = ENGLISH) {
    this.language = language;
    this.catalogue = catalogue;
    this.plurals = new Intl.PluralRules(language);
  }

  text(key: TextKey, values: Values = {}): string {
    const pattern = this.catalogue.texts[key] ?? ENGLISH.texts[key];
    return pattern.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : this.shown(value);
    });
  }

  count(key: CountKey, count: number, values: Values = {}): string {
    const form = this.plurals.select(count) === "one" ? "one" : "other";
    return this.text(`${key}.${form}`, { ...values, count });
  }

  message({ key, values }: Message): string {
    return this.text(key, values);
  }

  reason(name: ReasonName): Words {
    return this.catalogue.reasons[name] ?? vocabulary[name];
  }

  private shown(value: Value): string {
    if (typeof value === "string") return value;
    if (typeof value === "number") return value.toLocaleString(this.language);
    if (value instanceof Date) return value.toLocaleTimeString(this.language, { hour: "2-digit", minute: "2-digit" });
    const [amount, unit] = value.seconds < 120 ? [value.seconds, "second"] : [Math.round(value.seconds / 60), "minute"];
    return amount.toLocaleString(this.language, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 });
  }
}
