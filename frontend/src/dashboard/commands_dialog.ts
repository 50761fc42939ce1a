/** The dialog with a server's console as commands for a terminal. */

import { nothing, type TemplateResult } from "lit";
import { here } from "./address.ts";
import { commandsOf, commandsView, type Command } from "./commands_view.ts";
import type { HasTexts } from "./dashboard_host.ts";
import { Modal, type ModalHost } from "./modal.ts";
import type { Server } from "./model.ts";

type Host = ModalHost & HasTexts;

export class CommandsDialog {
  private readonly host: Host;
  private readonly modal: Modal;
  private readonly say: (sentence: string) => void;
  private server: Server | null = null;
  /** The tool whose command was copied last. */
  private copied = "";

  constructor(host: Host, say: (sentence: string) => void) {
    this.host = host;
    this.say = say;
    this.modal = new Modal(host, "commands");
  }

  open(server: Server): Promise<void> {
    this.server = server;
    this.copied = "";
    return this.modal.open();
  }

  close(): void {
    this.modal.close();
  }

  render(): TemplateResult {
    return this.modal.render(() => (this.server === null ? nothing : this.content(this.server)));
  }

  private content(server: Server): TemplateResult {
    // The clipboard is open to pages in a secure context only; without it there is no button that would do nothing.
    const copy = navigator.clipboard ? (command: Command): void => void this.copy(command) : null;
    return commandsView(this.host.texts, server, commandsOf(server, here()), this.copied, copy, () => this.close());
  }

  private async copy(command: Command): Promise<void> {
    await navigator.clipboard.writeText(command.line);
    this.copied = command.tool;
    this.host.requestUpdate();
    this.say(this.host.texts.text("commands.copied"));
  }
}
