/** The dialog that lists all problems; for admins. */

import type { TemplateResult } from "lit";
import type { HasState, HasTexts } from "./dashboard_host.ts";
import { problemsView } from "./health_view.ts";
import { Modal, type ModalHost } from "./modal.ts";

type Host = ModalHost & HasTexts & HasState;

export class ProblemsDialog {
  private readonly host: Host;
  private readonly modal: Modal;

  constructor(host: Host) {
    this.host = host;
    this.modal = new Modal(host, "problems");
  }

  open(): Promise<void> {
    return this.modal.open();
  }

  close(): void {
    this.modal.close();
  }

  render(): TemplateResult {
    return this.modal.render(() => problemsView(this.host.texts, this.host.state.health, () => this.close()));
  }
}
