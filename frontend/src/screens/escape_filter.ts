/**
 * What a server may not do to a terminal: set titles, reach the clipboard, make links, change colours for good, or have
 * text of its choosing typed back ("answer-back"). Sequences by xterm's "ctlseqs".
 *
 * Two questions keep their answers, since shells need them and the answers hold numbers only: where the cursor is
 * (DSR 5 and 6) and what kind of terminal this is (primary DA).
 */

import type { IParser } from "@xterm/xterm";

/** Operating system commands: titles 0 to 2, colours 4 and 10 to 19 and their resets, 7 folder, 8 links, 9 and 777
 * notices, 52 clipboard, 133 and 633 shell marks, 1337 files. */
export const OSC_REFUSED: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 46, 50, 51, 52, 104, 105, 110, 111, 112,
  113, 114, 115, 116, 117, 118, 119, 133, 633, 777, 1337,
];

/** Control sequences: window operations and title reports, other kinds of terminal, versions, modes, private status. */
export const CSI_REFUSED: readonly { prefix?: string; intermediates?: string; final: string }[] = [
  { final: "t" },
  { prefix: ">", final: "t" },
  { prefix: ">", final: "c" },
  { prefix: "=", final: "c" },
  { prefix: ">", final: "q" },
  { prefix: "?", final: "n" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
  { final: "x" },
];

/** Device control strings: settings (DECRQSS), termcap (XTGETTCAP), keys (DECUDK). */
export const DCS_REFUSED: readonly { intermediates?: string; final: string }[] = [
  { intermediates: "$", final: "q" },
  { intermediates: "+", final: "q" },
  { final: "|" },
];

/** Swallows what is refused: the terminal's own handlers never see it. */
export function refuseEscapes(
  parser: Pick<IParser, "registerOscHandler" | "registerCsiHandler" | "registerDcsHandler">,
): void {
  for (const command of OSC_REFUSED) parser.registerOscHandler(command, () => true);
  for (const sequence of CSI_REFUSED) parser.registerCsiHandler(sequence, () => true);
  for (const sequence of DCS_REFUSED) parser.registerDcsHandler(sequence, () => true);
}

/** A pasted text without the characters that would end a bracketed paste or steer the terminal (but tab and new line). */
export function withoutControls(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/[^\P{Cc}\n\t]/gu, "");
}
