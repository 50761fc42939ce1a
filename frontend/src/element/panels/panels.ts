/** The bar's panels, together. */

import { html, type TemplateResult } from "lit";
import type { Line } from "../../session/traffic.ts";
import type { ConsoleHost } from "../console_host.ts";
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
  constructor(host: ConsoleHost, leave: () => void) {
    this.keys = new KeysPanel(host);
    this.paste = new PastePanel(host);
    this.view = new ViewPanel(host, (on) => host.toggleAttribute("moving", on));
    this.more = new MorePanel(host, leave);
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
