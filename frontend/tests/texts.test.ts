import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf, neededFormsOf, pluralFormsOf } from "./messages.ts";
import english from "../src/i18n/catalogues/en.json" with { type: "json" };
import { chooseLanguage, LANGUAGES, type Language } from "../src/i18n/languages.ts";
import { loadTexts, Texts } from "../src/i18n/texts.ts";
import vocabulary from "../src/core/reasons.json" with { type: "json" };

const OTHERS = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== "en");

async function catalogue(
  language: Language,
): Promise<{ texts: Record<string, string>; reasons: Record<string, Record<string, string>> }> {
  const imported: unknown = await import(`../src/i18n/catalogues/${language}.json`, { with: { type: "json" } });
  return (imported as { default: Awaited<ReturnType<typeof catalogue>> }).default;
}

for (const language of OTHERS) {
  test(`${language} has every text, with the same places for values`, async () => {
    const { texts } = await catalogue(language);
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      assert.notEqual(texts[key]?.trim(), "", key);
      assert.deepEqual(argumentsOf(texts[key] ?? "", language), argumentsOf(text, "en"), key);
      const forms = pluralFormsOf(texts[key] ?? "", language);
      for (const form of forms === null ? [] : neededFormsOf(language))
        assert.ok(forms?.includes(form), `${key}: ${form}`);
    }
  });

  test(`${language} has every reason in full`, async () => {
    const { reasons } = await catalogue(language);
    for (const [name, words] of Object.entries(vocabulary)) {
      assert.ok(reasons[name]?.["title"] && reasons[name]["says"], `${language} lacks ${name}`);
      assert.equal(Boolean(reasons[name]["next"]), Boolean(words.next), `${language} ${name}.next`);
    }
  });

  test(`${language} is not English with another name`, async () => {
    const texts = await loadTexts(language);
    assert.equal(texts.language, language);
    assert.notEqual(texts.text("reconnecting.title"), english["reconnecting.title"]);
    assert.notEqual(texts.reason("token_used").title, vocabulary.token_used.title);
  });
}

test("the first language that there is a catalogue for is taken", () => {
  assert.equal(chooseLanguage(["pt-BR", "de-AT", "en"]), "de");
  assert.equal(chooseLanguage(["zh-CN"]), "zh-Hans");
  assert.equal(chooseLanguage(["pt", "toString"]), "en");
  assert.equal(chooseLanguage([]), "en");
});

test("values are put in as text, numbers and spans in the language's own way", () => {
  const texts = new Texts("en");
  assert.equal(texts.text("paste.typed", { count: 1 }), "Typed 1 character");
  assert.equal(texts.text("paste.typed", { count: 1200 }), "Typed 1,200 characters");
  assert.equal(texts.text("expired.for", { span: { seconds: 600 } }), "It was valid for 10 minutes.");
  assert.equal(texts.text("expired.for", { span: { seconds: 1 } }), "It was valid for 1 second.");
  assert.equal(texts.text("saved", { name: "{count}" }), "Saved {count}");
  assert.equal(texts.text("saved"), "Saved {name}");
});
