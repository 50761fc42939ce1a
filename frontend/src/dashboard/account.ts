/** Who is signed in: finds out, signs in and out, and notices when a sign-in is over. */

import * as api from "./api.ts";
import { CallFailed } from "./api.ts";
import type { DashboardHost } from "./dashboard_host.ts";
import type { Person } from "./model.ts";
import { sentenceOf, signInSentence } from "./sentences.ts";
import { INITIAL } from "./state.ts";

export interface AccountListener {
  /** Somebody is signed in from now on. */
  entered(): void;
  /** Nobody is signed in any more; nothing of the person's stays on the page. */
  left(): void;
}

export class Account {
  private readonly host: DashboardHost;
  private readonly listener: AccountListener;

  constructor(host: DashboardHost, listener: AccountListener) {
    this.host = host;
    this.listener = listener;
  }

  async start(): Promise<void> {
    this.host.change({ phase: "loading" });
    try {
      const person = await api.me();
      if (person) this.enter(person);
      else this.leave("");
    } catch {
      this.host.change({ phase: "unreachable" });
    }
  }

  async signIn(user: string, password: string, project: string): Promise<void> {
    this.host.change({ signIn: { working: true, sentence: "" } });
    try {
      this.enter(await api.signIn(user, password, project));
    } catch (error) {
      this.host.change({ signIn: { working: false, sentence: signInSentence(this.host.texts, error) } });
    }
  }

  /** Why that failed, in words; empty when it did not. */
  async signOut(): Promise<string> {
    try {
      await api.signOut();
    } catch (error) {
      return sentenceOf(this.host.texts, error);
    }
    this.leave("");
    return "";
  }

  /** Whether a call failed because the sign-in is over, so that there is nothing more to say about the call. */
  isOver(error: unknown): boolean {
    const over = error instanceof CallFailed && error.status === 401;
    if (over && this.host.state.phase === "signed_in") this.leave(this.host.texts.text("sign_in.ended"));
    return over;
  }

  private enter(person: Person): void {
    this.host.change({ person, phase: "signed_in", signIn: { working: false, sentence: "" } });
    this.listener.entered();
  }

  private leave(sentence: string): void {
    this.host.change({ ...INITIAL, phase: "signed_out", signIn: { working: false, sentence } });
    this.listener.left();
  }
}
