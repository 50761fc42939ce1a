/** What is on the screen, kept as a file: a PNG, or of a terminal its text. */

import { nameOf } from "./words.ts";
import { download, screenshotName } from "../screens/screenshot.ts";
import type { HasScreens, HasState, HasStatusLine, HasTexts } from "./console_host.ts";

type Host = HasTexts & HasState & HasScreens & HasStatusLine;

export async function saveScreen(host: Host): Promise<void> {
  const picture = await host.screen.picture();
  if (picture === null) return;
  const suffix = host.protocol === "serial" ? "txt" : "png";
  const name = screenshotName(nameOf(host.state.link, host.texts), new Date(), suffix);
  download(picture, name);
  host.screen.focus();
  host.note(host.texts.text("saved", { name }));
}
