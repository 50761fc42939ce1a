/** The panel that types a text into the server, and that hands over its clipboard and ours. */

import { html, nothing, type TemplateResult } from "lit";
import { LAYOUTS, layoutOf, type Layout, type LayoutName } from "../../keyboard/layouts.ts";
import { planOf, shapeOf, TEXT_LIMIT, type as typeKeys, type Plan } from "../../keyboard/typing.ts";
import {
  mayType,
  type HasPreferences,
  type HasScreens,
  type HasState,
  type HasStatusLine,
  type HasTexts,
} from "../console_host.ts";
import { Popover, type PopoverHost } from "../popover.ts";

type Host = PopoverHost & HasTexts & HasState & HasPreferences & HasScreens & HasStatusLine;

/** Different characters that are shown as having no key. */
const SHOWN_MISSING = 12;

export class PastePanel {
  readonly popover: Popover;
  private readonly host: Host;
  private text = "";
  private typed = 0;
  private typing: AbortController | null = null;
  private fromServer = "";
  private layout: { readonly name: LayoutName; readonly map: Layout } | null = null;

  constructor(host: Host) {
    this.host = host;
    this.popover = new Popover(host, "paste", () => this.stop());
  }

  button(): TemplateResult {
    // Who may only watch has nothing to do here but to take what the server copied.
    const useful = mayType(this.host) || (this.host.state.name === "connected" && this.fromServer !== "");
    return this.popover.button(this.host.texts.text("bar.paste"), !useful);
  }

  /** The server's clipboard changed. */
  copied(text: string): void {
    this.fromServer = text;
    this.host.note(this.host.texts.text("paste.server_copied"));
  }

  stop(): void {
    this.typing?.abort();
  }

  render(): TemplateResult {
    const { texts } = this.host;
    return this.popover.panel(
      texts.text("paste.title"),
      html`${mayType(this.host) ? this.form() : nothing}
      ${
        this.fromServer
          ? html`<h3 id="from-server-title">${texts.text("paste.from_server")}</h3>
              <textarea
                id="from-server"
                rows="3"
                readonly
                aria-labelledby="from-server-title"
                .value=${this.fromServer}
              ></textarea>
              <button type="button" class="button wide" @click=${() => this.copy()}>
                ${texts.text("paste.copy")}
              </button>`
          : nothing
      }`,
    );
  }

  private form(): TemplateResult {
    const { texts, protocol, preferences } = this.host;
    const plan = this.plan();
    const count = plan.strokes.length;
    const label = count === 0 ? texts.text("paste.type") : texts.text("paste.type_count", { count });
    return html`<textarea
        id="paste-text"
        rows="5"
        spellcheck="false"
        autocomplete="off"
        autocapitalize="off"
        aria-label=${texts.text("paste.text")}
        aria-describedby="paste-hint"
        placeholder=${texts.text("paste.here")}
        ?disabled=${this.typing !== null}
        .value=${this.text}
        @input=${(event: Event) => this.changed((event.target as HTMLTextAreaElement).value)}
      ></textarea>
      ${
        protocol === "vnc"
          ? html`<label class="field"
              >${texts.text("paste.layout")}
              <select
                id="layout"
                @change=${(event: Event) => this.host.choose({ layout: (event.target as HTMLSelectElement).value as LayoutName })}
              >
                ${LAYOUTS.map((name) => html`<option value=${name} ?selected=${name === preferences.layout}>${texts.text(`paste.layout_${name}`)}</option>`)}
              </select></label
            >`
          : nothing
      }
      <p
        id="paste-hint"
        class="note"
        role="status"
        .textContent=${this.typing ? texts.text("paste.typing", { typed: this.typed, count }) : this.hint(plan)}
      ></p>
      <progress
        max=${count}
        .value=${this.typed}
        aria-label=${texts.text("paste.title")}
        ?hidden=${this.typing === null}
      ></progress>
      <button
        id="paste-type"
        type="button"
        class="button primary wide"
        ?disabled=${count === 0}
        @click=${() => (this.typing ? this.stop() : void this.type(plan))}
      >
        ${this.typing ? texts.text("paste.stop") : label}
      </button>
      ${
        protocol === "vnc"
          ? html`<button
                id="paste-clipboard"
                type="button"
                class="button wide"
                ?disabled=${this.text === "" || this.typing !== null}
                aria-describedby="clipboard-hint"
                @click=${() => this.sendClipboard()}
              >
                ${texts.text("paste.clipboard")}
              </button>
              <p id="clipboard-hint" class="note">${texts.text("paste.clipboard_hint")}</p>`
          : nothing
      }`;
  }

  private changed(text: string): void {
    this.text = text;
    this.host.requestUpdate();
  }

  /** What pressing the button would type. A terminal takes every character but controls. */
  private plan(): Plan {
    if (this.host.protocol === "serial") {
      const characters = Array.from(this.text);
      const missing = characters.filter((character) => /[^\P{Cc}\n\r\t]/u.test(character));
      const strokes = characters.filter((character) => !missing.includes(character)).map(() => []);
      return { strokes, missing: [...new Set(missing)], leftOut: missing.length, beyond: 0 };
    }
    const name = this.host.preferences.layout;
    if (this.layout?.name !== name) this.layout = { name, map: layoutOf(name) };
    return planOf(this.text, this.layout.map);
  }

  private hint({ missing, leftOut, beyond }: Plan): string {
    const { texts, protocol } = this.host;
    const sentences = [
      missing.length > 0 && texts.text("paste.missing", { characters: shown(missing) }),
      leftOut > 0 && texts.text("paste.left_out", { count: leftOut }),
      beyond > 0 && texts.text("paste.beyond", { limit: TEXT_LIMIT }),
    ].filter((sentence) => sentence !== false);
    return sentences.join("\n") || texts.text(protocol === "vnc" ? "paste.hint" : "paste.hint_serial");
  }

  private async type(plan: Plan): Promise<void> {
    const { signal } = (this.typing = new AbortController());
    const progress = (typed: number): void => {
      this.typed = typed;
      this.host.requestUpdate();
    };
    progress(0);
    const typed = await this.send(this.text, plan, signal, progress);
    this.typing = null;
    this.text = "";
    this.popover.close();
    this.host.screen.focus();
    const { texts } = this.host;
    const count = plan.strokes.length;
    this.host.note(
      typed < count ? texts.text("paste.stopped", { typed, count }) : texts.text("paste.typed", { count: typed }),
    );
  }

  private send(text: string, plan: Plan, signal: AbortSignal, progress: (typed: number) => void): Promise<number> {
    if (this.host.protocol === "serial") return this.host.terminal.type(text, signal, progress);
    return typeKeys(this.host.screen, plan.strokes, signal, progress);
  }

  private sendClipboard(): void {
    this.host.remote.sendClipboard(this.text);
    this.text = "";
    this.popover.close();
    this.host.screen.focus();
    this.host.note(this.host.texts.text("paste.clipboard_done"));
  }

  private async copy(): Promise<void> {
    const { texts } = this.host;
    try {
      await navigator.clipboard.writeText(this.fromServer);
      this.host.note(texts.text("paste.copied"));
    } catch {
      this.host.note(texts.text("paste.not_copied"));
    }
  }
}

function shown(missing: readonly string[]): string {
  const shapes = missing.slice(0, SHOWN_MISSING).map(shapeOf).join(" ");
  return missing.length > SHOWN_MISSING ? `${shapes} …` : shapes;
}
