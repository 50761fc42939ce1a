/** The dialog with a server's console log: fetches it, and again every few seconds while it is followed. */

import { nothing, type ReactiveController, type TemplateResult } from "lit";
import * as api from "./api.ts";
import type { HasTexts } from "./dashboard_host.ts";
import { linesOf } from "./log_lines.ts";
import { logView, type ConsoleLog } from "./log_view.ts";
import { Modal, type ModalHost } from "./modal.ts";
import type { Server } from "./model.ts";
import { sentenceOf } from "./sentences.ts";

type Host = ModalHost & HasTexts;

const LINES = 2_000;
const FOLLOW_EVERY_MS = 2_000;

export class LogDialog implements ReactiveController {
  private readonly host: Host;
  private readonly modal: Modal;
  private log: ConsoleLog | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The last line was in sight before the lines were drawn anew. */
  private wasAtEnd = true;

  constructor(host: Host) {
    this.host = host;
    this.modal = new Modal(host, "log", () => this.forget());
    host.addController(this);
  }

  hostDisconnected(): void {
    this.forget();
  }

  hostUpdate(): void {
    const { lines } = this;
    this.wasAtEnd = lines === null || lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 4;
  }

  /** Whoever has scrolled up to read is left there. */
  hostUpdated(): void {
    const { lines } = this;
    if (lines && this.log?.follows && this.wasAtEnd) lines.scrollTop = lines.scrollHeight;
  }

  async open(server: Server): Promise<void> {
    this.log = { serverId: server.id, serverName: server.name, lines: [], search: "", follows: true, sentence: "" };
    await this.modal.open();
    await this.load();
  }

  close(): void {
    this.modal.close();
  }

  render(): TemplateResult {
    return this.modal.render(() => (this.log === null ? nothing : this.content(this.log)));
  }

  private content(log: ConsoleLog): TemplateResult {
    return logView(this.host.texts, log, {
      search: (search) => this.change(log.serverId, { search }),
      follow: (follows) => {
        this.change(log.serverId, { follows });
        if (follows) void this.load();
      },
      close: () => this.close(),
    });
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer);
    const asked = this.log?.serverId;
    if (asked === undefined) return;
    try {
      const lines = linesOf(await api.logOf(asked, LINES));
      this.change(asked, { lines, sentence: "" });
    } catch (error) {
      this.change(asked, { sentence: sentenceOf(this.host.texts, error) });
    }
    clearTimeout(this.timer);
    if (this.log?.follows) this.timer = setTimeout(() => void this.load(), FOLLOW_EVERY_MS);
  }

  /** Changes the log that is shown, if it is still that server's. */
  private change(serverId: string, changed: Partial<ConsoleLog>): void {
    if (this.log?.serverId !== serverId) return;
    this.log = { ...this.log, ...changed };
    this.host.requestUpdate();
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.log = null;
  }

  private get lines(): HTMLElement | null {
    return this.host.querySelector("#log-lines");
  }
}
