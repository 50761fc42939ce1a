/** The panel that types a text into the guest as key presses. */

import { byId } from "./elements.ts";
import type { Keyboard } from "./keys.ts";
import { Popover } from "./popover.ts";
import { typeable, typeStrokes, type Typeable } from "./typing.ts";

export class PastePanel {
  readonly popover: Popover;
  private readonly text = byId("paste-text", HTMLTextAreaElement);
  private readonly go = byId("paste-type", HTMLButtonElement);
  private readonly hint = byId("paste-hint", HTMLElement);
  private readonly keyboard: Keyboard;
  private readonly done: (sentence: string) => void;
  private typing: AbortController | null = null;

  /** `done` is told once typing is over, with one sentence. */
  constructor(button: HTMLButtonElement, keyboard: Keyboard, done: (sentence: string) => void) {
    this.keyboard = keyboard;
    this.done = done;
    const dialog = byId("paste-panel", HTMLDialogElement);
    this.popover = new Popover(button, dialog, () => this.show(), () => this.typing?.abort());
    this.text.addEventListener("input", () => this.show());
    this.go.addEventListener("click", () => {
      if (this.typing) this.typing.abort();
      else void this.type();
    });
  }

  /** The button says what it will do, and the hint what it cannot. */
  private show(): void {
    const { strokes, leftOut } = typeable(this.text.value);
    this.go.disabled = strokes.length === 0;
    this.go.textContent = strokes.length === 0 ? "Type" : `Type ${keys(strokes.length)}`;
    this.hint.textContent = leftOut > 0 ? leftOutSentence(leftOut) : "Typed as on a US keyboard, one key after another.";
  }

  private async type(): Promise<void> {
    const text = typeable(this.text.value);
    this.typing = new AbortController();
    this.text.disabled = true;
    this.go.textContent = "Stop";
    const typed = await typeStrokes(this.keyboard, text.strokes, this.typing.signal, (count) => {
      this.hint.textContent = `Typing ${count} of ${text.strokes.length}`;
    });
    this.typing = null;
    this.text.disabled = false;
    this.text.value = "";
    this.popover.close();
    this.done(outcome(typed, text));
  }
}

function outcome(typed: number, text: Typeable): string {
  if (typed < text.strokes.length) return `Stopped after ${typed} of ${keys(text.strokes.length)}`;
  return text.leftOut > 0 ? `Typed ${keys(typed)}. ${leftOutSentence(text.leftOut)}` : `Typed ${keys(typed)}`;
}

function leftOutSentence(count: number): string {
  return count === 1 ? "1 character has no key here and is left out." : `${count} characters have no key here and are left out.`;
}

function keys(count: number): string {
  return count === 1 ? "1 key" : `${count} keys`;
}
