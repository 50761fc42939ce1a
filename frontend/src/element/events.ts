/** What the element tells the page around it. */

import type { Language } from "../i18n/languages.ts";
import type { ReasonName } from "../core/reasons.ts";
import type { State } from "../session/state.ts";

/** The events that the element sends. */
export const EVENTS = { state: "keyhole-state", language: "keyhole-language" } as const;

/** `detail` of the event `keyhole-state`. */
export interface StateDetail {
  readonly state: State["name"];
  /** Why it is lost or has ended; null while all is well. */
  readonly reason: ReasonName | null;
  /** The attempt to reconnect, from 1; 0 otherwise. */
  readonly attempt: number;
  /** The server's name; empty while it is not known. */
  readonly server: string;
  /** Known once the console can be resumed without a token: give it as the attribute `console`. */
  readonly console: string | null;
}

export function stateEvent(state: State): CustomEvent<StateDetail> {
  return new CustomEvent(EVENTS.state, { detail: detailOf(state), bubbles: true, composed: true });
}

export function languageEvent(language: Language): CustomEvent<{ readonly language: Language }> {
  return new CustomEvent(EVENTS.language, { detail: { language }, bubbles: true, composed: true });
}

function detailOf(state: State): StateDetail {
  const lost = state.name === "ended" || state.name === "reconnecting";
  return {
    state: state.name,
    reason: lost ? state.ending.reason : null,
    attempt: state.name === "reconnecting" ? state.attempt : 0,
    server: state.link?.serverName ?? "",
    console: state.name === "connected" || state.name === "reconnecting" ? (state.link?.console ?? null) : null,
  };
}
