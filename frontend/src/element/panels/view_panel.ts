/** The panel for how the screen and the page look. */

import { html, type TemplateResult } from "lit";
import { LANGUAGES } from "../../i18n/languages.ts";
import type { TextKey } from "../../i18n/texts.ts";
import { SCALINGS } from "../../screens/scaling.ts";
import type { HasPreferences, HasScreens, HasTexts } from "../console_host.ts";
import { Popover, type PopoverHost } from "../popover.ts";
import { FONT_SIZE, THEMES, ZOOM, type Preferences } from "../preferences.ts";

type Host = PopoverHost & HasTexts & HasPreferences & Pick<HasScreens, "protocol">;

type Switch = "dotCursor" | "saveBandwidth" | "readAloud" | "copyOnSelect";
type Number = "zoom" | "fontSize";

const RANGES = { zoom: ZOOM, fontSize: FONT_SIZE } as const;

export class ViewPanel {
  readonly popover: Popover;
  private readonly host: Host;
  /** Touches move the picture instead of going to the server. */
  private readonly move: (on: boolean) => void;
  private moving = false;

  constructor(host: Host, move: (on: boolean) => void) {
    this.host = host;
    this.move = move;
    this.popover = new Popover(host, "view");
  }

  button(): TemplateResult {
    return this.popover.button(this.host.texts.text("bar.view"));
  }

  render(): TemplateResult {
    const { texts, protocol } = this.host;
    return this.popover.panel(
      texts.text("view.title"),
      html`<fieldset>
          <legend>${texts.text("view.screen")}</legend>
          ${protocol === "vnc" ? this.forPictures() : this.forTerminals()}
        </fieldset>
        <fieldset>
          <legend>${texts.text("view.page")}</legend>
          ${THEMES.map((theme) => this.radio("theme", theme, texts.text(`view.${theme}`)))}
          <label class="field"
            >${texts.text("view.language")}
            <select
              id="language"
              @change=${(event: Event) => this.choose({ language: (event.target as HTMLSelectElement).value as Preferences["language"] })}
            >
              <option value="" ?selected=${this.host.preferences.language === ""}>
                ${texts.text("view.language_auto")}
              </option>
              ${Object.entries(LANGUAGES).map(
                ([tag, name]) =>
                  html`<option value=${tag} lang=${tag} ?selected=${this.host.preferences.language === tag}>
                    ${name}
                  </option>`,
              )}
            </select></label
          >
        </fieldset>`,
    );
  }

  private forPictures(): TemplateResult {
    const { texts } = this.host;
    const explained: readonly string[] = ["sharp", "smooth", "actual"];
    return html`${SCALINGS.map((scaling) =>
        this.radio(
          "scaling",
          scaling,
          texts.text(`view.${scaling}`),
          explained.includes(scaling) ? texts.text(`view.${scaling}_means` as TextKey) : "",
        ),
      )}
      ${this.stepper("zoom", `${this.host.preferences.zoom} %`, { scaling: "zoom" })}
      ${this.checkbox("dotCursor", "view.dot_cursor")} ${this.checkbox("saveBandwidth", "view.save_bandwidth")}
      <label class="touch-only"
        ><input type="checkbox" id="move" .checked=${this.moving} @change=${() => this.toggleMove()} />
        <span>${texts.text("view.move")}</span></label
      >`;
  }

  private forTerminals(): TemplateResult {
    const { texts, preferences } = this.host;
    return html`<p class="note">${texts.text("view.font_size")}</p>
      ${this.stepper("fontSize", String(preferences.fontSize), {})}
      ${this.checkbox("copyOnSelect", "view.copy_on_select")} ${this.checkbox("readAloud", "view.read_aloud")}`;
  }

  private radio(name: "scaling" | "theme", value: string, label: string, means = ""): TemplateResult {
    return html`<label
      ><input
        type="radio"
        name=${name}
        value=${value}
        .checked=${this.host.preferences[name] === value}
        @change=${() => this.choose({ [name]: value })}
      /><span>${label} <small>${means}</small></span></label
    >`;
  }

  private checkbox(name: Switch, label: TextKey): TemplateResult {
    return html`<label
      ><input
        type="checkbox"
        name=${name}
        .checked=${this.host.preferences[name]}
        @change=${(event: Event) => this.choose({ [name]: (event.target as HTMLInputElement).checked })}
      />
      <span>${this.host.texts.text(label)}</span></label
    >`;
  }

  private stepper(name: Number, shown: string, also: Partial<Preferences>): TemplateResult {
    const { texts, preferences } = this.host;
    const { least, most, step } = RANGES[name];
    const value = preferences[name];
    const to = (next: number) => () => this.choose({ ...also, [name]: Math.max(least, Math.min(most, next)) });
    return html`<div class="stepper">
      <button
        type="button"
        class="button"
        aria-label=${texts.text("view.smaller")}
        ?disabled=${value <= least}
        @click=${to(value - step)}
      >
        −
      </button>
      <output id=${name} aria-live="polite">${shown}</output>
      <button
        type="button"
        class="button"
        aria-label=${texts.text("view.larger")}
        ?disabled=${value >= most}
        @click=${to(value + step)}
      >
        +
      </button>
    </div>`;
  }

  private choose(changed: Partial<Preferences>): void {
    this.host.choose(changed);
  }

  private toggleMove(): void {
    this.moving = !this.moving;
    this.move(this.moving);
  }
}
