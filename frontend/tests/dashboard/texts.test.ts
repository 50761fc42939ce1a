import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { loadTexts, Texts } from "../../src/dashboard/texts.ts";
import { timeOf } from "../../src/dashboard/times.ts";
import { argumentsOf, neededFormsOf, pluralFormsOf } from "../messages.ts";
import english from "../../src/i18n/catalogues/dashboard/en.json" with { type: "json" };
import { LANGUAGES, type Language } from "../../src/i18n/languages.ts";

const OTHERS = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== "en");
const SOURCES = ["../../src/dashboard/", "../../src/pages/"].map((folder) => new URL(folder, import.meta.url));

for (const language of OTHERS) {
  test(`the dashboard in ${language} has every text, with the same places for values`, async () => {
    const imported: unknown = await import(`../../src/i18n/catalogues/dashboard/${language}.json`, {
      with: { type: "json" },
    });
    const catalogue = (imported as { default: Record<string, string> }).default;
    assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      assert.notEqual(catalogue[key]?.trim(), "", key);
      assert.deepEqual(argumentsOf(catalogue[key] ?? "", language), argumentsOf(text, "en"), key);
      const forms = pluralFormsOf(catalogue[key] ?? "", language);
      for (const form of forms === null ? [] : neededFormsOf(language))
        assert.ok(forms?.includes(form), `${key}: ${form}`);
    }
  });

  test(`the dashboard in ${language} is not English with another name`, async () => {
    const texts = await loadTexts(language);
    assert.equal(texts.language, language);
    assert.notEqual(texts.text("sign_in.refused"), english["sign_in.refused"]);
  });
}

test("every text is used, and no other is asked for than there is", () => {
  const code = SOURCES.flatMap((folder) =>
    readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8")),
  ).join("\n");
  const bases = Object.keys(english).map((key) => key.replace(/\.(one|other)$/, ""));
  const unused = bases.filter((key) => !code.includes(`"${key}"`) && !key.startsWith("console."));
  assert.deepEqual(unused, []);
});

test("one is one, and more are more", () => {
  const texts = new Texts("en");
  assert.equal(texts.text("servers.count", { count: 1 }), "1 server");
  assert.equal(texts.text("servers.count", { count: 10_000 }), "10,000 servers");
  assert.equal(texts.text("log.matches", { count: 1 }), "1 line matches");
  assert.equal(
    texts.text("sign_in.wait", { pause: { seconds: 2 } }),
    "Too many failed sign-ins. Wait 2 seconds, then try again.",
  );
});

test("another day's moment is told with its date, in the language's own way", () => {
  const at = new Date(2026, 0, 2, 13, 4);
  assert.equal(timeOf(at, new Date(2026, 0, 2, 18, 0), "de"), "13:04");
  assert.equal(timeOf(at, new Date(2026, 0, 3, 1, 0), "de"), "2.1.2026 13:04");
  assert.equal(timeOf(null, new Date(), "de"), "");
});
