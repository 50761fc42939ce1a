/** The languages that there are catalogues for, and which of them a person gets. */

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
