/** The bar's panels, together. */

import { html, type TemplateResult } from "lit";
import type { Line } from "../../screen/traffic.ts";
import type { Desk } from "../desk.ts";
import { KeysPanel } from "./keys_panel.ts";
import { MorePanel } from "./more_panel.ts";
import { PastePanel } from "./paste_panel.ts";
import { ViewPanel } from "./view_panel.ts";

export class Panels {
  readonly keys: KeysPanel;
  readonly paste: PastePanel;
  readonly view: ViewPanel;
  readonly more: MorePanel;

  /** `leave` ends the console for good. */
  constructor(desk: Desk, leave: () => void) {
    this.keys = new KeysPanel(desk);
    this.paste = new PastePanel(desk);
    this.view = new ViewPanel(desk, (on) => desk.toggleAttribute("moving", on));
    this.more = new MorePanel(desk, leave);
  }

  get isAnyOpen(): boolean {
    return [this.keys, this.paste, this.view, this.more].some(({ popover }) => popover.isOpen);
  }

  /** Closes those that are good for nothing without a connection. */
  closeTyping(): void {
    for (const { popover } of [this.keys, this.paste]) popover.close();
  }

  render(line: Line): TemplateResult {
    return html`${this.keys.render()} ${this.paste.render()} ${this.view.render()} ${this.more.render(line)}`;
  }
}
