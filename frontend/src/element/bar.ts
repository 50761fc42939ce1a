/** The bar: which console this is and how it is, where the keys go, and the buttons with their panels. */

import { html, nothing, type TemplateResult } from "lit";
import { consoleTypeOf, rateOf } from "./words.ts";
import {
  leaveKeyName,
  type HasMarks,
  type HasPreferences,
  type HasScreens,
  type HasState,
  type HasTexts,
  type Rendered,
} from "./console_host.ts";
import type { FullScreen } from "./full_screen.ts";
import { icon } from "./icons.ts";
import type { LineMeter } from "./line_meter.ts";
import type { Panels } from "./panels/panels.ts";
import type { TouchKeyboard } from "./touch_keyboard.ts";

type Host = Rendered & HasTexts & HasState & HasPreferences & HasScreens & HasMarks;

export interface BarParts {
  readonly panels: Panels;
  readonly touchKeyboard: TouchKeyboard;
  readonly fullScreen: FullScreen;
  readonly meter: LineMeter;
  /** Keeps what is on the screen as a file. */
  readonly save: () => void;
}

export class Bar {
  private readonly host: Host;
  private readonly parts: BarParts;

  constructor(host: Host, parts: BarParts) {
    this.host = host;
    this.parts = parts;
  }

  /** To the first button that can be pressed. */
  focus(): void {
    const buttons = [...this.host.renderRoot.querySelectorAll<HTMLElement>(".action:enabled")];
    buttons.find((button) => button.checkVisibility())?.focus();
  }

  /** `skip` goes to what comes behind the screen. */
  render(skip: () => void): TemplateResult {
    const { panels, fullScreen, meter } = this.parts;
    return html`<header
      id="bar"
      class="bar ${fullScreen.barShown ? "revealed" : ""}"
      @pointerleave=${(event: PointerEvent) => fullScreen.barLeft(event)}
    >
      ${this.about()} ${this.hint()} ${this.actions()}
      <button id="skip-screen" type="button" class="button skip" @click=${skip}>
        ${this.host.texts.text("bar.skip")}
      </button>
      ${panels.render(meter.line)}
    </header>`;
  }

  private about(): TemplateResult {
    const { texts, state } = this.host;
    const { link } = state;
    return html`<div class="about">
      ${mark(texts.text(`mark.${state.name}`))}
      <h1><bdi id="server-name" title=${link?.serverName || "Keyhole"}>${link?.serverName || "Keyhole"}</bdi></h1>
      <span id="console-type" class="type">${consoleTypeOf(link)}</span>
      ${link?.watching ? html`<span id="watching" class="badge" title=${texts.text("bar.watching_means")}>${texts.text("bar.watching")}</span>` : nothing}
      ${this.parts.meter.isSlow ? html`<span id="slow-line" class="badge">${texts.text("bar.slow_line")}</span>` : nothing}
      ${this.line()}
    </div>`;
  }

  private line(): TemplateResult | typeof nothing {
    const { texts, state } = this.host;
    const { roundTripMs, bytesPerSecond } = this.parts.meter.line;
    if (state.name !== "connected" || roundTripMs === null) return nothing;
    const shown = texts.text("bar.line", { ms: roundTripMs, rate: rateOf(bytesPerSecond, texts) });
    return html`<span id="line" class="line" title=${texts.text("bar.line_means")}>${shown}</span>`;
  }

  private hint(): TemplateResult {
    const { texts, state } = this.host;
    if (state.link?.watching) return html`<p class="hint">${texts.text("bar.watching_means")}</p>`;
    return html`<p class="hint">
      ${this.host.hasAttribute("keys-to-server") ? this.typingHint() : texts.text("bar.click_to_type")}
    </p>`;
  }

  /** The leave key may stand anywhere in the sentence. */
  private typingHint(): TemplateResult {
    const [before, after] = this.host.texts.text("bar.keys_go", { key: "\n" }).split("\n");
    return html`${before}<kbd>${leaveKeyName(this.host)}</kbd>${after}`;
  }

  private actions(): TemplateResult {
    const { texts, state, screen, protocol } = this.host;
    const { panels, touchKeyboard, fullScreen } = this.parts;
    const seen =
      state.name === "connected" ||
      ((state.name === "ended" || state.name === "reconnecting") && screen?.size.width > 0);
    const save = texts.text(protocol === "serial" ? "bar.save_text" : "bar.screenshot");
    return html`<div class="actions" role="group" aria-label=${texts.text("bar.console")}>
      ${touchKeyboard.button()} ${panels.keys.button()} ${panels.paste.button()} ${panels.view.button()}
      <button
        id="screenshot"
        type="button"
        class="action"
        aria-label=${save}
        title=${save}
        ?disabled=${!seen}
        @click=${this.parts.save}
      >
        ${icon("screenshot")}<span>${save}</span>
      </button>
      ${fullScreen.button(texts.text("bar.full_screen"), () => void fullScreen.toggle().then(() => this.host.screen.focus()))}
      ${panels.more.button()}
    </div>`;
  }
}

/** Shape and colour of the state, never colour alone. */
function mark(label: string): TemplateResult {
  return html`<svg id="mark" class="mark" viewBox="0 0 12 12" role="img" aria-label=${label}>
    <circle class="opening" cx="6" cy="6" r="4" />
    <circle class="connected" cx="6" cy="6" r="5" />
    <path class="reconnecting" d="M6 1l5 9.5H1z" />
    <rect class="ended" x="1.5" y="1.5" width="9" height="9" rx="1" />
  </svg>`;
}
