/** The texts of the dashboard in one language. Catalogues are fetched when they are wanted; English is always there. */

import english from "../i18n/catalogues/dashboard/en.json" with { type: "json" };
import { fetched, type Language, type Loaders } from "../i18n/languages.ts";
import { Phrases } from "../i18n/phrases.ts";

export type TextKey = keyof typeof english;
type Catalogue = Readonly<Record<TextKey, string>>;

const LOADERS: Loaders<Catalogue> = {
  de: () => import("../i18n/catalogues/dashboard/de.json", { with: { type: "json" } }),
  fr: () => import("../i18n/catalogues/dashboard/fr.json", { with: { type: "json" } }),
  es: () => import("../i18n/catalogues/dashboard/es.json", { with: { type: "json" } }),
  ja: () => import("../i18n/catalogues/dashboard/ja.json", { with: { type: "json" } }),
  "zh-Hans": () => import("../i18n/catalogues/dashboard/zh-Hans.json", { with: { type: "json" } }),
};

/** A language's texts; English where its catalogue cannot be fetched. */
export function loadTexts(language: Language): Promise<Texts> {
  return fetched(language, LOADERS, (shown, catalogue) => new Texts(shown, catalogue));
}

export class Texts extends Phrases<TextKey> {
  constructor(language: Language, catalogue: Catalogue = english) {
    super(language, catalogue, english);
  }
}
