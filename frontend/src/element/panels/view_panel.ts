/** The panel for how the screen and the page look. */

import { html, type TemplateResult } from "lit";
import { LANGUAGES } from "../../language/languages.ts";
import type { TextKey } from "../../language/texts.ts";
import { SCALINGS } from "../../screen/scaling.ts";
import type { Desk } from "../desk.ts";
import { Popover } from "../popover.ts";
import { FONT_SIZE, THEMES, ZOOM, type Preferences } from "../preferences.ts";

type Switch = "dotCursor" | "saveBandwidth" | "readAloud" | "copyOnSelect";
type Number = "zoom" | "fontSize";

const RANGES = { zoom: ZOOM, fontSize: FONT_SIZE } as const;

export class ViewPanel {
  readonly popover: Popover;
  private readonly desk: Desk;
  /** Touches move the picture instead of going to the server. */
  private readonly move: (on: boolean) => void;
  private moving = false;

  constructor(desk: Desk, move: (on: boolean) => void) {
    this.desk = desk;
    this.move = move;
    this.popover = new Popover(desk, "view");
  }

  button(): TemplateResult {
    return this.popover.button(this.desk.texts.text("bar.view"));
  }

  render(): TemplateResult {
    const { texts, protocol } = this.desk;
    return this.popover.panel(
      texts.text("view.title"),
      html`<fieldset>
          <legend>${texts.text("view.screen")}</legend>
          ${protocol === "vnc" ? this.forPictures() : this.forTerminals()}
        </fieldset>
        <fieldset>
          <legend>${texts.text("view.page")}</legend>
          ${THEMES.map((theme) => this.radio("theme", theme, texts.text(`view.${theme}`)))}
          <label class="field">${texts.text("view.language")}
            <select id="language" @change=${(event: Event) => this.choose({ language: (event.target as HTMLSelectElement).value as Preferences["language"] })}>
              <option value="" ?selected=${this.desk.preferences.language === ""}>${texts.text("view.language_auto")}</option>
              ${Object.entries(LANGUAGES).map(
                ([tag, name]) => html`<option value=${tag} lang=${tag} ?selected=${this.desk.preferences.language === tag}>${name}</option>`,
              )}
            </select></label>
        </fieldset>`,
    );
  }

  private forPictures(): TemplateResult {
    const { texts } = this.desk;
    const explained: readonly string[] = ["sharp", "smooth", "actual"];
    return html`${SCALINGS.map((scaling) =>
        this.radio("scaling", scaling, texts.text(`view.${scaling}`), explained.includes(scaling) ? texts.text(`view.${scaling}_means` as TextKey) : ""),
      )}
      ${this.stepper("zoom", `${this.desk.preferences.zoom} %`, { scaling: "zoom" })}
      ${this.checkbox("dotCursor", "view.dot_cursor")} ${this.checkbox("saveBandwidth", "view.save_bandwidth")}
      <label class="touch-only"><input type="checkbox" id="move" .checked=${this.moving} @change=${() => this.toggleMove()} />
        <span>${texts.text("view.move")}</span></label>`;
  }

  private forTerminals(): TemplateResult {
    const { texts, preferences } = this.desk;
    return html`<p class="note">${texts.text("view.font_size")}</p>
      ${this.stepper("fontSize", String(preferences.fontSize), {})} ${this.checkbox("copyOnSelect", "view.copy_on_select")}
      ${this.checkbox("readAloud", "view.read_aloud")}`;
  }

  private radio(name: "scaling" | "theme", value: string, label: string, means = ""): TemplateResult {
    return html`<label><input type="radio" name=${name} value=${value} .checked=${this.desk.preferences[name] === value}
        @change=${() => this.choose({ [name]: value })} /><span>${label} <small>${means}</small></span></label>`;
  }

  private checkbox(name: Switch, label: TextKey): TemplateResult {
    return html`<label><input type="checkbox" name=${name} .checked=${this.desk.preferences[name]}
        @change=${(event: Event) => this.choose({ [name]: (event.target as HTMLInputElement).checked })} />
      <span>${this.desk.texts.text(label)}</span></label>`;
  }

  private stepper(name: Number, shown: string, also: Partial<Preferences>): TemplateResult {
    const { texts, preferences } = this.desk;
    const { least, most, step } = RANGES[name];
    const value = preferences[name];
    const to = (next: number) => () => this.choose({ ...also, [name]: Math.max(least, Math.min(most, next)) });
    return html`<div class="stepper">
      <button type="button" class="button" aria-label=${texts.text("view.smaller")} ?disabled=${value <= least} @click=${to(value - step)}>−</button>
      <output id=${name} aria-live="polite">${shown}</output>
      <button type="button" class="button" aria-label=${texts.text("view.larger")} ?disabled=${value >= most} @click=${to(value + step)}>+</button>
    </div>`;
  }

  private choose(changed: Partial<Preferences>): void {
    this.desk.choose(changed);
  }

  private toggleMove(): void {
    this.moving = !this.moving;
    this.move(this.moving);
  }
}
