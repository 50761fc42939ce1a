/** The terminal's own shortcuts: what xterm leaves to the page. */

import type { Desk } from "./desk.ts";
import type { FindBar } from "./find_bar.ts";

export function shortcut(event: KeyboardEvent, desk: Desk, findBar: FindBar): void {
  if (desk.protocol !== "serial" || !event.ctrlKey || !event.shiftKey) return;
  if (event.code === "KeyF") {
    event.preventDefault();
    void findBar.open();
  } else if (event.code === "KeyC" && desk.terminal.selection) {
    event.preventDefault();
    void desk.terminal.copy().then((done) => desk.note(desk.texts.text(done ? "paste.copied" : "paste.not_copied")));
  }
}
