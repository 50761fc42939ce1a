/** The bar's left side and which of its buttons have something to act on. */

import { byId } from "./elements.ts";
import type { State } from "./state.ts";
import { consoleTypeOf, markOf, nameOf, titleOf } from "./words.ts";

export class Bar {
  private readonly mark = byId("mark", SVGSVGElement);
  private readonly name = byId("server-name", HTMLElement);
  private readonly type = byId("console-type", HTMLElement);
  readonly keys = byId("keys", HTMLButtonElement);
  readonly paste = byId("paste", HTMLButtonElement);
  readonly view = byId("view", HTMLButtonElement);
  readonly screenshot = byId("screenshot", HTMLButtonElement);
  readonly fullScreen = byId("full-screen", HTMLButtonElement);
  readonly more = byId("more", HTMLButtonElement);

  show(state: State): void {
    document.title = titleOf(state.link);
    this.mark.setAttribute("aria-label", markOf(state));
    this.name.textContent = state.link ? nameOf(state.link) : "Keyhole";
    this.name.title = this.name.textContent;
    this.type.textContent = consoleTypeOf(state.link);
    const connected = state.name === "connected";
    this.keys.disabled = !connected;
    this.paste.disabled = !connected;
    this.screenshot.disabled = !(connected || (state.name === "ended" && state.opened));
  }
}
