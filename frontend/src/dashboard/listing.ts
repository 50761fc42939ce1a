/** Fetches what the signed-in person sees: servers, open consoles, Keyhole's health. Open consoles are asked for again and again. */

import type { ReactiveController } from "lit";
import * as api from "./api.ts";
import type { DashboardHost } from "./dashboard_host.ts";
import { sentenceOf } from "./sentences.ts";

const SESSIONS_EVERY_MS = 5_000;

export class Listing implements ReactiveController {
  private readonly host: DashboardHost;
  /** Whether a call failed because the sign-in is over. */
  private readonly isOver: (error: unknown) => boolean;
  /** Which request for servers is the latest: what an earlier one still brings is of no use. */
  private latest = 0;
  private polling: ReturnType<typeof setInterval> | undefined;

  constructor(host: DashboardHost, isOver: (error: unknown) => boolean) {
    this.host = host;
    this.isOver = isOver;
    host.addController(this);
  }

  hostConnected(): void {
    this.polling = setInterval(() => {
      if (this.host.state.phase === "signed_in" && !document.hidden) void this.loadSessions();
    }, SESSIONS_EVERY_MS);
  }

  hostDisconnected(): void {
    clearInterval(this.polling);
    this.forget();
  }

  async refresh(): Promise<void> {
    await Promise.all([this.loadServers(), this.loadSessions(), this.loadHealth()]);
  }

  /** What is still on its way is of no use any more. */
  forget(): void {
    this.latest += 1;
  }

  private async loadServers(): Promise<void> {
    const request = ++this.latest;
    this.host.change({ failure: "" });
    try {
      await api.servers(this.host.state.everyProject, (servers) => {
        if (request === this.latest) this.host.change({ servers, loaded: true });
      });
    } catch (error) {
      if (request === this.latest && !this.isOver(error))
        this.host.change({ failure: sentenceOf(this.host.texts, error) });
    }
  }

  private async loadSessions(): Promise<void> {
    try {
      const sessions = await api.sessions(this.host.state.everyProject);
      if (this.host.state.phase === "signed_in") this.host.change({ sessions });
    } catch (error) {
      this.isOver(error); // Otherwise the next look may go better; the servers tell what is wrong.
    }
  }

  private async loadHealth(): Promise<void> {
    try {
      const health = await api.health();
      if (this.host.state.phase === "signed_in") this.host.change({ health });
    } catch {
      // The servers tell that Keyhole cannot be reached.
    }
  }
}
