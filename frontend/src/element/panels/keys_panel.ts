/** The panel of keys that the browser keeps for itself, of keys to hold, and of sequences of one's own. */

import { html, nothing, type ReactiveController, type TemplateResult } from "lit";
import { CHORD_GROUPS, CTRL_ALT_DEL, type ChordGroup, type OfferedChord } from "./key_groups.ts";
import { MODIFIERS, press, readChords, type Chord } from "../../keyboard/keys.ts";
import {
  mayType,
  type HasPreferences,
  type HasScreens,
  type HasState,
  type HasStatusLine,
  type HasTexts,
} from "../console_host.ts";
import { Popover, type PopoverHost } from "../popover.ts";
import { withSequence } from "../preferences.ts";

type Host = PopoverHost &
  HasTexts &
  HasState &
  HasPreferences &
  HasStatusLine &
  Pick<HasScreens, "protocol" | "screen">;

/** Between the chords of a sequence: a text console takes a moment to come forward. */
const PACE_MS = 60;

export class KeysPanel implements ReactiveController {
  readonly popover: Popover;
  private readonly host: Host;
  private readonly held = new Set<string>();
  private sequence = "";
  private unknown = "";

  constructor(host: Host) {
    this.host = host;
    this.popover = new Popover(host, "keys");
    host.addController(this);
  }

  /** Nothing is held over the end of a connection. */
  hostUpdate(): void {
    if (this.host.state.name !== "connected") this.held.clear();
  }

  button(): TemplateResult {
    return this.popover.button(this.host.texts.text("bar.keys"), !mayType(this.host));
  }

  render(): TemplateResult {
    const { texts, protocol } = this.host;
    const vnc = protocol === "vnc";
    return this.popover.panel(
      texts.text("keys.title"),
      html`${
        vnc
          ? html`<button
              id="ctrl-alt-del"
              type="button"
              class="button primary wide"
              @click=${() => this.send([CTRL_ALT_DEL])}
            >
              Ctrl+Alt+Del
            </button>`
          : nothing
      }
      ${CHORD_GROUPS[protocol].map((group) => this.group(group))} ${vnc ? this.modifiers() : nothing} ${this.own()}`,
    );
  }

  private group({ title, columns, chords }: ChordGroup): TemplateResult {
    return html`<h3>${this.host.texts.text(title)}</h3>
      <div class="chords columns-${columns}">${chords.map((chord) => this.chord(chord))}</div>`;
  }

  private chord(chord: OfferedChord): TemplateResult {
    const means = chord.means && this.host.texts.text(chord.means);
    const shown = [chord.label ?? chord.name, means].filter(Boolean).join(": ");
    return html`<button
      type="button"
      class="button ${chord.dangerous ? "dangerous" : ""}"
      title=${chord.name}
      @click=${() => this.send([chord])}
    >
      ${shown}
    </button>`;
  }

  private modifiers(): TemplateResult {
    return html`<h3 id="hold-title">${this.host.texts.text("keys.hold")}</h3>
      <div id="hold" class="chords columns-3" role="group" aria-labelledby="hold-title">
        ${[...MODIFIERS.keys()].map(
          (name) =>
            html`<button
              type="button"
              class="button"
              aria-pressed=${this.held.has(name)}
              @click=${() => this.hold(name)}
            >
              ${name}
            </button>`,
        )}
      </div>`;
  }

  private own(): TemplateResult {
    const { texts, preferences } = this.host;
    return html`<h3><label for="sequence">${texts.text("keys.own")}</label></h3>
      <form class="row" @submit=${(event: Event) => this.sendOwn(event)}>
        <input
          id="sequence"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          maxlength="200"
          aria-describedby="sequence-hint"
          .value=${this.sequence}
          @input=${(event: Event) => this.typed(event)}
        />
        <button id="sequence-send" type="submit" class="button">${texts.text("keys.send")}</button>
      </form>
      <p id="sequence-hint" class="note" role="status">
        ${this.unknown ? texts.text("keys.unknown", { key: this.unknown }) : texts.text("keys.own_hint")}
      </p>
      ${
        preferences.sequences.length
          ? html`<div class="chords columns-2">
              ${preferences.sequences.map((text) => html`<button type="button" class="button" @click=${() => this.sendText(text)}>${text}</button>`)}
            </div>`
          : nothing
      }`;
  }

  private typed(event: Event): void {
    this.sequence = (event.target as HTMLInputElement).value;
    this.unknown = "";
    this.host.requestUpdate();
  }

  private sendOwn(event: Event): void {
    event.preventDefault();
    this.sendText(this.sequence);
  }

  private sendText(text: string): void {
    const read = readChords(text);
    this.unknown = "unknown" in read ? read.unknown : "";
    this.host.requestUpdate();
    if ("unknown" in read || read.chords.length === 0) return;
    this.sequence = "";
    const spelled = read.chords.map((chord) => chord.name).join(" ");
    this.host.choose({ sequences: withSequence(this.host.preferences.sequences, spelled) });
    void this.send(read.chords);
  }

  /** Down until the next press: for keys that one hand, or a finger on glass, cannot hold together. */
  private hold(name: string): void {
    const key = MODIFIERS.get(name);
    if (!key) return;
    const down = !this.held.delete(name);
    if (down) this.held.add(name);
    this.host.screen.sendKey(key.keysym, key.code, down);
    this.host.note(this.host.texts.text(down ? "keys.held" : "keys.let_go", { key: name }));
  }

  private async send(chords: readonly Chord[]): Promise<void> {
    this.popover.close();
    this.host.screen.focus();
    for (const { keys } of chords) {
      press(this.host.screen, keys);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    this.host.note(this.host.texts.text("keys.sent", { keys: chords.map(({ name }) => name).join(" ") }));
  }
}
