import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, plainText } from "../../src/dashboard/log_lines.ts";

const ESC = "\u001b";

test("a log's lines are bounded and end with its last one", () => {
  assert.deepEqual(linesOf("a\nb\n\n"), ["a", "b"]);
  assert.deepEqual(linesOf(""), []);
  assert.equal(linesOf("x".repeat(10_000))[0]?.length, 2_000);
});

test("what a guest prints in colour is read as plain text", () => {
  assert.equal(plainText(`${ESC}[1;34mbin${ESC}[m  ${ESC}[1;36metc${ESC}[0m`), "bin  etc");
  assert.equal(
    plainText(`[${ESC}[0;32m  OK  ${ESC}[0m] Started ${ESC}[0;1;39mcron.service${ESC}[0m.`),
    "[  OK  ] Started cron.service.",
  );
  assert.equal(plainText(`${ESC}[H${ESC}[JMem: 1K`), "Mem: 1K");
  assert.equal(plainText(`keyhole-demo:~# ${ESC}[6n`), "keyhole-demo:~# ");
  assert.equal(plainText(`${ESC}[38;2;1;2;3mrgb${ESC}[38:5:7mindexed`), "rgbindexed");
});

test("titles, character sets and eight-bit sequences leave nothing behind", () => {
  assert.equal(plainText(`${ESC}]0;title\u0007a${ESC}]8;;https://x/${ESC}\\b${ESC}P1$qm${ESC}\\c`), "abc");
  assert.equal(plainText(`${ESC}(Ba${ESC}=b${ESC}7c${ESC}Md`), "abcd");
  assert.equal(plainText("\u009b1mbold\u009d0;title\u009c."), "bold.");
});

test("a sequence that is cut off takes no text of the next line with it", () => {
  assert.equal(plainText(`a${ESC}[1;3\nb`), "a\nb");
  assert.equal(plainText(`a${ESC}]0;title\nb`), "a\nb");
  assert.equal(plainText(`a${ESC}`), "a");
});

test("a carriage return ends a line, with or without a line feed", () => {
  assert.deepEqual(linesOf("one\r\r\ntwo\rthree\r\n"), ["one", "two", "three"]);
});

test("whatever comes, the words between sequences stay and no control is left", () => {
  const pieces = ["[1m", "[", "]0;t\u0007", "]0;t", "P$q", "_x", "(B", "7", "", "[?25h", "[6n", "\\", "[999999999m"];
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 2_000; round++) {
    const words = Array.from({ length: 1 + random(6) }, () => `w${random(100)}`);
    const output = words
      .map((word) => `${ESC}${pieces[random(pieces.length)]}\n${word}\u0008${String.fromCharCode(random(32))}`)
      .join("");
    const plain = plainText(output);
    assert.match(plain, /^[^\p{Cc}]*(?:[\n\t][^\p{Cc}]*)*$/u, JSON.stringify(output));
    for (const word of words) assert.ok(plain.includes(word), JSON.stringify(output));
  }
});

test("a log of nothing but unfinished sequences is read in one pass", () => {
  assert.equal(plainText(`${ESC}[`.repeat(200_000)), "");
  assert.equal(plainText(`${ESC}]x`.repeat(200_000)).length, 0);
});
