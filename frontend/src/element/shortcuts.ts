/** The terminal's own shortcuts: what xterm leaves to the page. */

import type { HasScreens, HasStatusLine, HasTexts } from "./console_host.ts";
import type { FindBar } from "./find_bar.ts";

type Host = HasTexts & HasScreens & HasStatusLine;

export function shortcut(event: KeyboardEvent, host: Host, findBar: FindBar): void {
  if (host.protocol !== "serial" || !event.ctrlKey || !event.shiftKey) return;
  if (event.code === "KeyF") {
    event.preventDefault();
    void findBar.open();
  } else if (event.code === "KeyC" && host.terminal.selection) {
    event.preventDefault();
    void host.terminal.copy().then((done) => host.note(host.texts.text(done ? "paste.copied" : "paste.not_copied")));
  }
}
