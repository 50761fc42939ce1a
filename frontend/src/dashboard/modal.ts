/** A modal dialog of the dashboard: opened once its content is drawn, and told when it has closed. */

import { html, nothing, type ReactiveControllerHost, type TemplateResult } from "lit";

export type ModalHost = HTMLElement & ReactiveControllerHost;

export class Modal {
  private readonly host: ModalHost;
  private readonly name: string;
  private readonly closed: () => void;
  private isOpen = false;

  /** The dialog has the id and the class `name`, its title the id `name-title`. */
  constructor(host: ModalHost, name: string, closed: () => void = () => undefined) {
    this.host = host;
    this.name = name;
    this.closed = closed;
  }

  /** `content` is asked for only while the dialog is open. */
  render(content: () => unknown): TemplateResult {
    return html`<dialog
      id=${this.name}
      class=${this.name}
      aria-labelledby="${this.name}-title"
      @close=${this.hasClosed}
    >
      ${this.isOpen ? content() : nothing}
    </dialog>`;
  }

  async open(): Promise<void> {
    this.isOpen = true;
    this.host.requestUpdate();
    await this.host.updateComplete;
    this.dialog?.showModal();
  }

  close(): void {
    if (this.dialog?.open) this.dialog.close();
  }

  private readonly hasClosed = (): void => {
    this.isOpen = false;
    this.host.requestUpdate();
    this.closed();
  };

  private get dialog(): HTMLDialogElement | null {
    return this.host.querySelector(`#${this.name}`);
  }
}
