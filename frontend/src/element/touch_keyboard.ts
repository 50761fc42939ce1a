/** Typing on glass: a field that brings up the device's own keyboard, and a row of the keys that it lacks. */

import { html, nothing, type TemplateResult } from "lit";
import { BACKSPACE, chord, ENTER, MODIFIERS, press, type Key } from "../keyboard/keys.ts";
import { layoutOf } from "../keyboard/layouts.ts";
import { planOf } from "../keyboard/typing.ts";
import {
  mayType,
  type HasPreferences,
  type HasScreens,
  type HasState,
  type HasTexts,
  type Rendered,
} from "./console_host.ts";
import { icon } from "./icons.ts";

type Host = Rendered & HasTexts & HasState & HasPreferences & Pick<HasScreens, "screen">;

const ROW = ["Esc", "Tab", "Left", "Down", "Up", "Right", "Home", "End", "PageUp", "PageDown", "Del"] as const;
const SIGNS: Readonly<Record<string, string>> = { Left: "←", Down: "↓", Up: "↑", Right: "→" };
const LATCHED = ["Ctrl", "Alt", "Shift", "Super"] as const;

export class TouchKeyboard {
  private readonly host: Host;
  isOpen = false;
  /** Held for the next key only. */
  private readonly latched = new Set<string>();

  constructor(host: Host) {
    this.host = host;
  }

  button(): TemplateResult {
    const label = this.host.texts.text("bar.keyboard");
    return html`<button
      id="keyboard"
      type="button"
      class="action touch-only"
      aria-label=${label}
      title=${label}
      aria-pressed=${this.isOpen}
      ?disabled=${!mayType(this.host)}
      @click=${() => (this.isOpen ? this.close() : void this.open())}
    >
      ${icon("keyboard")}<span>${label}</span>
    </button>`;
  }

  async open(): Promise<void> {
    this.isOpen = true;
    this.host.requestUpdate();
    await this.host.updateComplete;
    this.field?.focus();
  }

  close(): void {
    this.isOpen = false;
    this.latched.clear();
    this.host.requestUpdate();
    this.host.screen.focus();
  }

  render(): TemplateResult | typeof nothing {
    const { texts } = this.host;
    if (!this.isOpen || !mayType(this.host)) return nothing;
    return html`<aside id="touch-keys" class="touch-keys" aria-label=${texts.text("touch.keys")}>
      <textarea
        id="touch-input"
        class="touch-input"
        rows="1"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        aria-label=${texts.text("touch.input")}
        @beforeinput=${(event: InputEvent) => this.input(event)}
        @input=${(event: Event) => this.composed(event)}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
      ></textarea>
      ${LATCHED.map(
        (name) =>
          html`<button
            type="button"
            class="button"
            aria-pressed=${this.latched.has(name)}
            @pointerdown=${stay}
            @click=${() => this.latch(name)}
          >
            ${name}
          </button>`,
      )}
      ${ROW.map(
        (name) =>
          html`<button
            type="button"
            class="button"
            aria-label=${name}
            @pointerdown=${stay}
            @click=${() => this.press(chord(name).keys)}
          >
            ${SIGNS[name] ?? name}
          </button>`,
      )}
      <button type="button" class="button" @click=${() => this.close()}>${texts.text("touch.close")}</button>
    </aside>`;
  }

  private latch(name: string): void {
    if (!this.latched.delete(name)) this.latched.add(name);
    this.host.requestUpdate();
  }

  private press(keys: readonly Key[]): void {
    const held = [...this.latched].map((name) => MODIFIERS.get(name)).filter((key) => key !== undefined);
    press(this.host.screen, [...held, ...keys]);
    this.latched.clear();
    this.host.requestUpdate();
  }

  /** What the device's keyboard wants to change in the field, sent as keys instead. */
  private input(event: InputEvent): void {
    if (event.isComposing) return;
    event.preventDefault();
    if (event.inputType === "insertLineBreak" || event.inputType === "insertParagraph") this.press([ENTER]);
    else if (event.inputType.startsWith("delete")) this.press([BACKSPACE]);
    else this.type(event.data ?? "");
  }

  /** A word that was composed (swiped, spoken, from an input method) comes when it is done. */
  private composed(event: Event): void {
    const field = event.target as HTMLTextAreaElement;
    if ((event as InputEvent).isComposing) return;
    this.type(field.value);
    field.value = "";
  }

  /** An empty field tells of no deleting; the key itself does, where the device sends one. */
  private key(event: KeyboardEvent): void {
    if (event.key !== "Backspace") return;
    event.preventDefault();
    this.press([BACKSPACE]);
  }

  private type(text: string): void {
    const { strokes } = planOf(text, layoutOf(this.host.preferences.layout));
    for (const chords of strokes) for (const keys of chords) this.press(keys);
  }

  private get field(): HTMLTextAreaElement | null {
    return this.host.renderRoot.querySelector("#touch-input");
  }
}

/** A key of the row must not take the focus from the field, or the device's keyboard would go. */
function stay(event: Event): void {
  event.preventDefault();
}
