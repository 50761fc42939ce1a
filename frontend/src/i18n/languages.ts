/** The languages that there are catalogues for, which of them a person gets, and how a catalogue is fetched. */

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

/** The first of the wanted languages (BCP 47 tags) that there is a catalogue for, else English. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    if (language === "zh") return "zh-Hans";
    if (Object.hasOwn(LANGUAGES, language)) return language as Language;
  }
  return "en";
}

/** Where each catalogue is fetched from; English is always there. */
export type Loaders<Catalogue> = Readonly<Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>>>;

/** What `make` makes of a language's catalogue; of English, without one, where it cannot be fetched. */
export async function fetched<Catalogue, Texts>(
  language: Language,
  loaders: Loaders<Catalogue>,
  make: (language: Language, catalogue?: Catalogue) => Texts,
): Promise<Texts> {
  if (language === "en") return make("en");
  try {
    return make(language, (await loaders[language]()).default);
  } catch {
    return make("en");
  }
}
