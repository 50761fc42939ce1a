import assert from "node:assert/strict";
import { test } from "node:test";
import type { Language } from "../src/i18n/languages.ts";
import { Phrases } from "../src/i18n/phrases.ts";

test("a language with more plural forms than two has them all", () => {
  const texts = { servers: "{count, plural, one {# serwer} few {# serwery} many {# serwerów} other {# serwera}}" };
  const phrases = new Phrases("pl" as Language, texts, texts);
  const said = [1, 2, 5, 22, 1.5].map((count) => phrases.text("servers", { count }));
  assert.deepEqual(said, ["1 serwer", "2 serwery", "5 serwerów", "22 serwery", "1,5 serwera"]);
});

test("a value is text, whatever is in it", () => {
  const texts = { title: "Log of {name}" };
  const phrases = new Phrases("en", texts, texts);
  for (const name of ["{count}", "<b>x</b>", "it's '{'", "#"]) {
    assert.equal(phrases.text("title", { name }), `Log of ${name}`);
  }
});

test("a message that is broken, or lacks a value, is shown as it stands", () => {
  const texts = { broken: "{count, plural, one {#}", lacking: "{name}: {size, number}" };
  const phrases = new Phrases("en", texts, texts);
  assert.equal(phrases.text("broken", { count: 1 }), texts.broken);
  assert.equal(phrases.text("lacking", { name: "a" }), texts.lacking);
});

test("what a language lacks is said in English", () => {
  const english = { a: "A", b: "B" };
  const phrases = new Phrases("de", { a: "Ä" } as typeof english, english);
  assert.deepEqual([phrases.text("a"), phrases.text("b")], ["Ä", "B"]);
});
