import assert from "node:assert/strict";
import { test } from "node:test";
import { LAYOUTS, layoutOf, type LayoutName } from "../src/keyboard/layouts.ts";

/** The places of a character's keys, chord by chord: "ShiftLeft+KeyA". */
function places(name: LayoutName, text: string): string {
  const layout = layoutOf(name);
  const strokes = Array.from(text, (character) => layout.get(character));
  return strokes
    .map((stroke) => stroke?.map((chord) => chord.map((key) => key.code).join("+")).join(" ") ?? "-")
    .join(", ");
}

test("every layout types all of ASCII", () => {
  const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
  for (const name of LAYOUTS) {
    const layout = layoutOf(name);
    assert.deepEqual(
      ascii.filter((character) => !layout.has(character)),
      [],
      name,
    );
  }
});

test("what stands on a country's keys is typed by them", () => {
  const own: Readonly<Record<LayoutName, string>> = {
    us: "",
    uk: "£¬€",
    de: "äöüÄÖÜß§°€²³µ",
    fr: "éèàùçêôîâûëïüÊ€£§µ°²¤",
    es: "ñÑçÇáéíóúüÁÉ¿¡€ºª·¬",
  };
  for (const name of LAYOUTS)
    for (const character of own[name]) assert.ok(layoutOf(name).has(character), `${name} ${character}`);
});

test("keys are where that country's keyboard has them", () => {
  assert.equal(places("us", 'y@"\\'), "KeyY, ShiftLeft+Digit2, ShiftLeft+Quote, Backslash");
  assert.equal(
    places("uk", '@"#\\|£€'),
    "ShiftLeft+Quote, ShiftLeft+Digit2, Backslash, IntlBackslash, ShiftLeft+IntlBackslash, ShiftLeft+Digit3, AltRight+Digit4",
  );
  assert.equal(
    places("de", "yz@{|/?-"),
    "KeyZ, KeyY, AltRight+KeyQ, AltRight+Digit7, AltRight+IntlBackslash, ShiftLeft+Digit7, ShiftLeft+Minus, Slash",
  );
  assert.equal(
    places("fr", "aqwm1.@#"),
    "KeyQ, KeyA, KeyZ, Semicolon, ShiftLeft+Digit1, ShiftLeft+Comma, AltRight+Digit0, AltRight+Digit3",
  );
  assert.equal(
    places("es", "ñ@{-_/"),
    "Semicolon, AltRight+Digit2, AltRight+Quote, Slash, ShiftLeft+Slash, ShiftLeft+Digit7",
  );
});

test("an accent is its dead key before the letter, and before a space it stands alone", () => {
  assert.equal(places("de", "éâ^"), "Equal KeyE, Backquote KeyA, Backquote Space");
  assert.equal(places("de", "`"), "ShiftLeft+Equal Space");
  assert.equal(places("fr", "êÊï"), "BracketLeft KeyE, BracketLeft ShiftLeft+KeyE, ShiftLeft+BracketLeft KeyI");
  assert.equal(places("es", "áü`"), "Quote KeyA, ShiftLeft+Quote KeyU, BracketLeft Space");
});

test("an accent that a text console cannot put onto its letter is left out", () => {
  assert.equal(places("fr", "ÿŸŷ"), "ShiftLeft+BracketLeft KeyY, -, -");
});

test("a key says what it means as well as where it is", () => {
  const keysym = (name: LayoutName, character: string): (number | undefined)[] =>
    (layoutOf(name).get(character) ?? []).flatMap((chord) => chord.map((key) => key.keysym));
  assert.deepEqual(keysym("us", "A"), [0xffe1, 0x41]);
  assert.deepEqual(keysym("uk", "€"), [0xfe03, 0x20ac]);
  assert.deepEqual(keysym("de", "ä"), [0xe4]);
  assert.deepEqual(keysym("de", "é"), [0xfe51, 0x65]);
});
