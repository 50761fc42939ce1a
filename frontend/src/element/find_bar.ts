/** Finding a text in a terminal's scrollback. */

import { html, nothing, type TemplateResult } from "lit";
import type { HasScreens, HasTexts, Rendered } from "./console_host.ts";

type Host = Rendered & HasTexts & Pick<HasScreens, "screen" | "terminal">;

export class FindBar {
  private readonly host: Host;
  isOpen = false;
  private missed = false;

  constructor(host: Host) {
    this.host = host;
  }

  async open(): Promise<void> {
    this.isOpen = true;
    this.host.requestUpdate();
    await this.host.updateComplete;
    this.input?.select();
  }

  close(): void {
    this.isOpen = false;
    this.missed = false;
    this.host.requestUpdate();
    this.host.screen.focus();
  }

  render(): TemplateResult | typeof nothing {
    const { texts } = this.host;
    if (!this.isOpen) return nothing;
    return html`<form
      class="find"
      role="search"
      @submit=${(event: Event) => this.submit(event)}
      @keydown=${(event: KeyboardEvent) => this.key(event)}
    >
      <input
        id="find"
        type="search"
        aria-label=${texts.text("find.label")}
        autocomplete="off"
        spellcheck="false"
        @input=${() => this.find(false)}
      />
      <button type="submit" class="button">${texts.text("find.next")}</button>
      <button type="button" class="button" @click=${() => this.find(true)}>${texts.text("find.previous")}</button>
      <button type="button" class="button" @click=${() => this.close()}>${texts.text("find.close")}</button>
      <span id="find-result" role="status">${this.missed ? texts.text("find.nothing") : nothing}</span>
    </form>`;
  }

  private submit(event: Event): void {
    event.preventDefault();
    this.find(false);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      this.find(true);
    }
  }

  private find(backwards: boolean): void {
    const text = this.input?.value ?? "";
    this.missed = text !== "" && !this.host.terminal.find(text, backwards);
    this.host.requestUpdate();
  }

  private get input(): HTMLInputElement | null {
    return this.host.renderRoot.querySelector("#find");
  }
}
