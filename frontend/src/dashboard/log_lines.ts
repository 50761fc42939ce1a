/** A console log as lines of plain text. What a guest writes is foreign: escape sequences and controls are taken out. Pure. */

/** Lines longer than this are cut: no guest may make the page grow without end. */
const LINE_LIMIT = 2_000;

/**
 * Escape sequences by ECMA-48 (5.3 to 5.6), in their 7-bit and 8-bit forms. A sequence that is cut off, or that a new
 * line interrupts, ends there: the text after it is kept.
 */
const ESCAPE_SEQUENCES = new RegExp(
  [
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]?", // control sequences: colours, cursor movements
    "(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x9c\\r\\n]*(?:\\x07|\\x1b\\\\|\\x9c)?", // strings: titles
    "\\x1b[ -/]*[0-~]?", // all others: character sets, keypad modes
  ].join("|"),
  "g",
);

const OTHER_CONTROLS = /[^\P{Cc}\n\t]/gu;

/** The text without its escape sequences and controls; tabs and line ends stay. */
export function plainText(output: string): string {
  return output
    .replace(ESCAPE_SEQUENCES, "")
    .replace(/\r+\n?/g, "\n")
    .replace(OTHER_CONTROLS, "");
}

export function linesOf(output: string): readonly string[] {
  const lines = plainText(output)
    .split("\n")
    .map((line) => line.slice(0, LINE_LIMIT));
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines;
}
