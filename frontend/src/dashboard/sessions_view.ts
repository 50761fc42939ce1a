/** The open consoles, each with a button that ends it; pressed once it asks, pressed twice it ends. */

import { html, nothing, type TemplateResult } from "lit";
import type { Session } from "./model.ts";
import type { Texts } from "./texts.ts";
import { timeOf } from "./times.ts";

export interface SessionsActions {
  readonly ask: (session: Session | null) => void;
  readonly end: (session: Session) => void;
}

/** Nothing where there is no open console: the column is there only when it has something. `asked`: about to be ended. */
export function sessionsView(
  texts: Texts,
  sessions: readonly Session[],
  asked: string,
  now: Date,
  actions: SessionsActions,
): TemplateResult | typeof nothing {
  if (sessions.length === 0) return nothing;
  return html`
    <section class="sessions" aria-labelledby="sessions-title">
      <h2 id="sessions-title">${texts.text("sessions.title")}</h2>
      <ul>
        ${sessions.map(
          (session) => html`
            <li>
              <span class="name">${session.server}</span>
              <span class="muted">${texts.text("sessions.since", { user: session.user, time: timeOf(session.openedAt, now, texts.language) })}</span>
              <button
                class="button ${session.id === asked ? "danger" : ""}"
                aria-label=${texts.text(session.id === asked ? "sessions.really_of" : "sessions.end_of", { name: session.server, user: session.user })}
                @click=${() => (session.id === asked ? actions.end(session) : actions.ask(session))}
                @blur=${() => actions.ask(null)}
              >
                ${texts.text(session.id === asked ? "sessions.really" : "sessions.end")}
              </button>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}
