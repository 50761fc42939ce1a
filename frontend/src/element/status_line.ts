/** Passing facts: a line at the foot for a few seconds, spoken too. */

import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";

const SHOWN_MS = 4_000;

export class StatusLine implements ReactiveController {
  private readonly host: ReactiveControllerHost;
  text = "";
  private hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.hiding);
  }

  /** Shows a passing fact, for a moment. */
  show(text: string): void {
    this.keep(text);
    this.hiding = setTimeout(() => this.clear(), SHOWN_MS);
  }

  /** Shows what stays until there is something else to say. */
  keep(text: string): void {
    clearTimeout(this.hiding);
    this.text = text;
    this.host.requestUpdate();
  }

  clear(): void {
    this.keep("");
  }

  render(label: string): TemplateResult {
    return html`<footer id="foot" class="foot" tabindex="-1" aria-label=${label}>
      <p id="foot-line" class="foot-line ${this.text ? "shown" : ""}" role="status">${this.text}</p>
      <slot name="spoken"></slot>
    </footer>`;
  }
}
