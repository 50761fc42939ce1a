/** What is on the screen, kept as a file: a PNG, or of a terminal its text. */

import { nameOf } from "../language/words.ts";
import { download, screenshotName } from "../screen/screenshot.ts";
import type { Desk } from "./desk.ts";

export async function saveScreen(desk: Desk): Promise<void> {
  const picture = await desk.screen.picture();
  if (picture === null) return;
  const suffix = desk.protocol === "serial" ? "txt" : "png";
  const name = screenshotName(nameOf(desk.state.link, desk.texts), new Date(), suffix);
  download(picture, name);
  desk.screen.focus();
  desk.note(desk.texts.text("saved", { name }));
}
