/** Passing facts: a line at the foot for a few seconds, spoken too. */

import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";

const SHOWN_MS = 4_000;

export class Foot implements ReactiveController {
  private readonly host: ReactiveControllerHost;
  private text = "";
  private hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.hiding);
  }

  show(text: string): void {
    clearTimeout(this.hiding);
    this.text = text;
    this.hiding = setTimeout(() => this.clear(), SHOWN_MS);
    this.host.requestUpdate();
  }

  clear(): void {
    this.text = "";
    this.host.requestUpdate();
  }

  render(label: string): TemplateResult {
    return html`<footer id="foot" class="foot" tabindex="-1" aria-label=${label}>
      <p id="foot-line" class="foot-line ${this.text ? "shown" : ""}" role="status">${this.text}</p>
      <slot name="spoken"></slot>
    </footer>`;
  }
}
