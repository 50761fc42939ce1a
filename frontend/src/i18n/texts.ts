/** The texts of the console in one language. Catalogues are fetched when they are wanted; English is always there. */

import vocabulary from "../core/reasons.json" with { type: "json" };
import type { ReasonName, Words } from "../core/reasons.ts";
import english from "./catalogues/en.json" with { type: "json" };
import { fetched, type Language, type Loaders } from "./languages.ts";
import { Phrases, type Values } from "./phrases.ts";

export type TextKey = keyof typeof english;

/** A sentence whose language is chosen when it is shown. */
export interface Message {
  readonly key: TextKey;
  readonly values?: Values;
}

export interface Catalogue {
  readonly texts: Readonly<Record<TextKey, string>>;
  readonly reasons: Readonly<Record<string, Words>>;
}

const ENGLISH: Catalogue = { texts: english, reasons: vocabulary };

const LOADERS: Loaders<Catalogue> = {
  de: () => import("./catalogues/de.json", { with: { type: "json" } }),
  fr: () => import("./catalogues/fr.json", { with: { type: "json" } }),
  es: () => import("./catalogues/es.json", { with: { type: "json" } }),
  ja: () => import("./catalogues/ja.json", { with: { type: "json" } }),
  "zh-Hans": () => import("./catalogues/zh-Hans.json", { with: { type: "json" } }),
};

/** A language's texts; English where its catalogue cannot be fetched. */
export function loadTexts(language: Language): Promise<Texts> {
  return fetched(language, LOADERS, (shown, catalogue) => new Texts(shown, catalogue));
}

export class Texts extends Phrases<TextKey> {
  private readonly reasons: Readonly<Record<string, Words>>;

  constructor(language: Language, catalogue: Catalogue = ENGLISH) {
    super(language, catalogue.texts, english);
    this.reasons = catalogue.reasons;
  }

  message({ key, values }: Message): string {
    return this.text(key, values);
  }

  reason(name: ReasonName): Words {
    return this.reasons[name] ?? vocabulary[name];
  }
}
