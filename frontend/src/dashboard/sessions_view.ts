/** The open consoles, each with a button that ends it; pressed once it asks, pressed twice it ends. */

import { html, nothing, type TemplateResult } from "lit";
import type { Session } from "./model.ts";
import type { Texts } from "./texts.ts";
import { timeOf } from "./times.ts";

export interface SessionsActions {
  readonly ask: (session: Session | null) => void;
  readonly end: (session: Session) => void;
}

/**
 * Nothing where there is no open console: the column is there only when it has something. `asked`: about to be ended;
 * `ends`: whether the person may.
 */
export function sessionsView(
  texts: Texts,
  sessions: readonly Session[],
  asked: string,
  ends: boolean,
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
              <span class="muted"
                >${texts.text("sessions.since", { user: session.user, time: timeOf(session.openedAt, now, texts.language) })}</span
              >
              ${ends ? endButton(texts, session, session.id === asked, actions) : nothing}
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

function endButton(texts: Texts, session: Session, asked: boolean, actions: SessionsActions): TemplateResult {
  const values = { name: session.server, user: session.user };
  return html`<button
    class="button ${asked ? "danger" : ""}"
    aria-label=${texts.text(asked ? "sessions.really_of" : "sessions.end_of", values)}
    @click=${() => (asked ? actions.end(session) : actions.ask(session))}
    @blur=${() => actions.ask(null)}
  >
    ${texts.text(asked ? "sessions.really" : "sessions.end")}
  </button>`;
}
