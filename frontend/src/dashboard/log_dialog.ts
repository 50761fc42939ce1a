/** The dialog with a server's console log: fetches it, and again every few seconds while it is followed. */

import { render } from "lit";
import * as api from "./api.ts";
import { logView, type ConsoleLog } from "./log_view.ts";
import type { Server } from "./model.ts";
import type { Texts } from "./texts.ts";

const LINES = 2_000;
const FOLLOW_EVERY_MS = 2_000;
/** Lines longer than this are cut: no guest may make the page grow without end. */
const LINE_LIMIT = 2_000;

export class LogDialog {
  private readonly dialog: HTMLDialogElement;
  private readonly texts: () => Texts;
  private readonly sentenceOf: (error: unknown) => string;
  private log: ConsoleLog | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(dialog: HTMLDialogElement, texts: () => Texts, sentenceOf: (error: unknown) => string) {
    this.dialog = dialog;
    this.texts = texts;
    this.sentenceOf = sentenceOf;
    dialog.addEventListener("close", () => {
      clearTimeout(this.timer);
      this.log = null;
    });
  }

  open(server: Server): void {
    this.log = { serverId: server.id, serverName: server.name, lines: [], search: "", follows: true, sentence: "" };
    this.draw();
    this.dialog.showModal();
    void this.load();
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer);
    const asked = this.log?.serverId;
    if (asked === undefined) return;
    try {
      const lines = linesOf(await api.logOf(asked, LINES));
      this.change(asked, { lines, sentence: "" });
    } catch (error) {
      this.change(asked, { sentence: this.sentenceOf(error) });
    }
    if (this.log?.follows) this.timer = setTimeout(() => void this.load(), FOLLOW_EVERY_MS);
  }

  /** Changes the log that is shown, if it is still that server's. */
  private change(serverId: string, changed: Partial<ConsoleLog>): void {
    if (this.log?.serverId !== serverId) return;
    this.log = { ...this.log, ...changed };
    this.draw();
  }

  private draw(): void {
    const log = this.log;
    if (log === null) return;
    const lines = document.getElementById("log-lines");
    const wasAtEnd = lines === null || lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 4;
    render(
      logView(this.texts(), log, {
        search: (search) => this.change(log.serverId, { search }),
        follow: (follows) => {
          this.change(log.serverId, { follows });
          if (follows) void this.load();
        },
        close: () => this.close(),
      }),
      this.dialog,
    );
    const shown = document.getElementById("log-lines");
    // Whoever has scrolled up to read is left there.
    if (shown && log.follows && wasAtEnd) shown.scrollTop = shown.scrollHeight;
  }
}

export function linesOf(output: string): readonly string[] {
  const lines = output.split("\n").map((line) => line.slice(0, LINE_LIMIT));
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines;
}
