/** What a person reads in each state. The states that only the page knows have their words here, reasons have theirs in the vocabulary. */

import type { Link } from "./link.ts";
import { wordsOf, type ReasonName } from "./reasons.ts";
import type { State, Step } from "./state.ts";

export type Offer = "cancel" | "again" | "how_to";

export interface CardWords {
  readonly title: string;
  readonly says: string;
  readonly offers: readonly Offer[];
  /** How far opening has come; null once it is over. */
  readonly step: Step | null;
  /** For a ticket: the reason's name and what the server added. */
  readonly reason: ReasonName | null;
  readonly detail: string;
}

const STEP_WORDS: Record<Step, string> = {
  link: "Checking the link",
  host: "Reaching the host",
  picture: "Starting the picture",
};

/** Where a new link would be refused like this one. */
const NO_LINK_HELPS: ReadonlySet<ReasonName> = new Set<ReasonName>(["origin_refused", "revoked"]);

/** The notice over the stage, or null when the screen is all there is to see. */
export function cardOf(state: State): CardWords | null {
  switch (state.name) {
    case "opening":
      return {
        title: state.link ? `Opening the console of ${state.link.serverName}` : "Opening the console",
        says: STEP_WORDS[state.step],
        offers: state.slow ? ["cancel"] : [],
        step: state.step,
        reason: null,
        detail: "",
      };
    case "connected":
      return null;
    case "ended": {
      const { reason, words, detail } = state.ending;
      const { title, says, next } = { ...wordsOf(reason), ...words };
      // Where the button is the next step, a sentence that sends the person elsewhere would be wrong.
      const sentences = state.again && state.opened ? [says] : [says, next];
      return {
        title,
        says: sentences.filter(Boolean).join(" "),
        offers: state.again ? ["again"] : NO_LINK_HELPS.has(reason) ? [] : ["how_to"],
        step: null,
        reason,
        detail: detail ?? "",
      };
    }
  }
}

/** The words for the state mark. */
export function markOf(state: State): string {
  return { opening: "Opening", connected: "Connected", ended: "Ended" }[state.name];
}

/** What is said aloud on entering a state, or null where there is nothing new to say. */
export function spokenOf(before: State, state: State): string | null {
  const card = cardOf(state);
  if (state.name === "connected") {
    if (before.name !== "connected") return `Connected to ${nameOf(state.link)}, ${sizeOf(state)}`;
    return before.size.width === state.size.width && before.size.height === state.size.height
      ? null
      : `The screen is now ${sizeOf(state)}`;
  }
  if (state.name === "ended") return card && before.name !== "ended" ? `${card.title}. ${card.says}` : null;
  return state.slow || before.name !== "opening" || before.link !== state.link ? (card && `${card.title}: ${card.says}`) : null;
}

export function nameOf(link: Link | null): string {
  return link?.serverName || "the server";
}

function sizeOf(state: { size: { width: number; height: number } }): string {
  return `${state.size.width} by ${state.size.height}`;
}

/** The window's title. */
export function titleOf(link: Link | null): string {
  return link ? `${link.serverName} - console - Keyhole` : "Console - Keyhole";
}

/** A console type as people call it. */
export function consoleTypeOf(link: Link | null): string {
  if (link === null) return "";
  return link.protocol === "vnc" ? "VNC" : link.consoleType;
}
