/** The panel of keys that the browser keeps for itself. */

import { byId, make } from "./elements.ts";
import { CHORD_GROUPS, CTRL_ALT_DEL, press, type Chord, type Keyboard } from "./keys.ts";
import { Popover } from "./popover.ts";

export class KeysPanel {
  readonly popover: Popover;
  private readonly keyboard: Keyboard;
  private readonly sent: (chord: Chord) => void;

  constructor(button: HTMLButtonElement, keyboard: Keyboard, sent: (chord: Chord) => void) {
    this.keyboard = keyboard;
    this.sent = sent;
    this.popover = new Popover(button, byId("keys-panel", HTMLDialogElement));
    byId("ctrl-alt-del", HTMLButtonElement).addEventListener("click", () => this.send(CTRL_ALT_DEL));
    const groups = byId("key-groups", HTMLElement);
    for (const { title, columns, chords } of CHORD_GROUPS) {
      const grid = make("div", "", `chords columns-${columns}`);
      grid.append(...chords.map((chord) => this.chordButton(chord)));
      groups.append(make("h3", title), grid);
    }
  }

  private chordButton(chord: Chord): HTMLButtonElement {
    const button = make("button", chord.label ?? chord.name, "button");
    button.type = "button";
    button.title = chord.name;
    button.addEventListener("click", () => this.send(chord));
    return button;
  }

  private send(chord: Chord): void {
    this.popover.close();
    press(this.keyboard, chord.keys);
    this.sent(chord);
  }
}
