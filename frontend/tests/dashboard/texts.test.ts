import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { loadTexts, Texts } from "../../src/dashboard/texts.ts";
import { timeOf } from "../../src/dashboard/times.ts";
import english from "../../src/language/catalogues/dashboard/en.json" with { type: "json" };
import { LANGUAGES, type Language } from "../../src/language/languages.ts";

const OTHERS = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== "en");
const SOURCES = new URL("../../src/dashboard/", import.meta.url);

for (const language of OTHERS) {
  test(`the dashboard in ${language} has every text, with the same places for values`, async () => {
    const catalogue: Record<string, string> = (
      await import(`../../src/language/catalogues/dashboard/${language}.json`, { with: { type: "json" } })
    ).default;
    assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(english).sort());
    const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
    for (const [key, text] of Object.entries(english)) {
      assert.notEqual(catalogue[key]?.trim(), "", key);
      assert.deepEqual(places(catalogue[key] ?? ""), places(text), key);
    }
  });

  test(`the dashboard in ${language} is not English with another name`, async () => {
    const texts = await loadTexts(language);
    assert.equal(texts.language, language);
    assert.notEqual(texts.text("sign_in.refused"), english["sign_in.refused"]);
  });
}

test("every text is used, and no other is asked for than there is", () => {
  const code = readdirSync(SOURCES).map((name) => readFileSync(new URL(name, SOURCES), "utf8")).join("\n");
  const bases = Object.keys(english).map((key) => key.replace(/\.(one|other)$/, ""));
  const unused = bases.filter((key) => !code.includes(`"${key}"`) && !key.startsWith("console."));
  assert.deepEqual(unused, []);
});

test("one is one, and more are more", () => {
  const texts = new Texts("en");
  assert.equal(texts.count("servers.count", 1), "1 server");
  assert.equal(texts.count("servers.count", 10_000), "10,000 servers");
  assert.equal(texts.count("log.matches", 1), "1 line matches");
  assert.equal(texts.text("sign_in.wait", { pause: { seconds: 2 } }), "Too many sign-ins failed. Wait 2 seconds, then try again.");
});

test("another day's moment is told with its date, in the language's own way", () => {
  const at = new Date(2026, 0, 2, 13, 4);
  assert.equal(timeOf(at, new Date(2026, 0, 2, 18, 0), "de"), "13:04");
  assert.equal(timeOf(at, new Date(2026, 0, 3, 1, 0), "de"), "2.1.2026 13:04");
  assert.equal(timeOf(null, new Date(), "de"), "");
});
