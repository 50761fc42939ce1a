/** The dialog with a server's console as commands for a terminal. */

import { render } from "lit";
import { commandsOf, commandsView, type Command } from "./commands_view.ts";
import { here } from "./address.ts";
import type { Server } from "./model.ts";
import type { Texts } from "./texts.ts";

export class CommandsDialog {
  private readonly dialog: HTMLDialogElement;
  private readonly texts: () => Texts;
  private readonly say: (sentence: string) => void;

  constructor(dialog: HTMLDialogElement, texts: () => Texts, say: (sentence: string) => void) {
    this.dialog = dialog;
    this.texts = texts;
    this.say = say;
  }

  open(server: Server): void {
    this.draw(server, "");
    this.dialog.showModal();
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
  }

  private draw(server: Server, copied: string): void {
    // The clipboard is open to pages in a secure context only; without it there is no button that would do nothing.
    const copy = navigator.clipboard
      ? (command: Command) =>
          void navigator.clipboard.writeText(command.line).then(() => {
            this.draw(server, command.tool);
            this.say(this.texts().text("commands.copied"));
          })
      : null;
    render(
      commandsView(this.texts(), server, commandsOf(server, here()), copied, copy, () => this.close()),
      this.dialog,
    );
  }
}
