/** The console's states and the ways between them. Pure: no DOM, no network, no clock. */

import type { Size } from "../core/size.ts";
import type { Link } from "./link.ts";
import type { Ending } from "./ending.ts";
import { isAboutTheLink, isPassing } from "../core/reasons.ts";

/** The steps of opening: asking about the link, waiting for the server's host, waiting for the first picture. */
export type Step = "link" | "host" | "picture";

export interface Opening {
  readonly name: "opening";
  readonly step: Step;
  /** It takes long enough that giving up is offered. */
  readonly slow: boolean;
  readonly link: Link | null;
}

export interface Connected {
  readonly name: "connected";
  readonly link: Link | null;
  readonly size: Size;
}

/** The console was lost and is being reconnected. */
export interface Reconnecting {
  readonly name: "reconnecting";
  readonly link: Link | null;
  /** What was the matter at the last attempt. */
  readonly ending: Ending;
  /** Counted from 1. */
  readonly attempt: number;
  /** How long is waited before the attempt; 0 while it is under way. */
  readonly pauseMs: number;
}

export interface Ended {
  readonly name: "ended";
  readonly link: Link | null;
  readonly ending: Ending;
  /** The console had been open, so there is a last picture. */
  readonly opened: boolean;
  /** Opening the same link or session again may work. */
  readonly again: boolean;
}

export type State = Opening | Connected | Reconnecting | Ended;

export type Fact =
  | { readonly type: "started" }
  | { readonly type: "link_good"; readonly link: Link }
  | { readonly type: "host_reached" }
  | { readonly type: "slow" }
  | { readonly type: "connected"; readonly size: Size }
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "lost"; readonly ending: Ending; readonly attempt: number; readonly pauseMs: number }
  | { readonly type: "trying" }
  | { readonly type: "ended"; readonly ending: Ending };

export const INITIAL: Opening = { name: "opening", step: "link", slow: false, link: null };

/** The state after a fact. A fact that means nothing in a state (it came too late) leaves the very same state. */
export function next(state: State, fact: Fact): State {
  const { link } = state;
  switch (fact.type) {
    case "started":
      return { ...INITIAL, link };
    case "link_good":
      if (state.name === "opening") return { ...state, link: fact.link, step: "host" };
      return state.name === "reconnecting" ? { ...state, link: fact.link } : state;
    case "host_reached":
      return state.name === "opening" && state.step !== "picture" ? { ...state, step: "picture" } : state;
    case "slow":
      return state.name === "opening" ? { ...state, slow: true } : state;
    case "connected":
      return state.name === "opening" || state.name === "reconnecting"
        ? { name: "connected", link, size: fact.size }
        : state;
    case "resized":
      return state.name === "connected" ? { ...state, size: fact.size } : state;
    case "lost": {
      const { ending, attempt, pauseMs } = fact;
      return state.name === "ended" ? state : { name: "reconnecting", link, ending, attempt, pauseMs };
    }
    case "trying":
      return state.name === "reconnecting" ? { ...state, pauseMs: 0 } : state;
    case "ended":
      return state.name === "ended" ? state : ended(state, fact.ending);
  }
}

function ended(state: Opening | Connected | Reconnecting, ending: Ending): Ended {
  const opened = state.name !== "opening";
  return { name: "ended", link: state.link, ending, opened, again: mayOpenAgain(opened, state.link, ending) };
}

function mayOpenAgain(opened: boolean, link: Link | null, { reason }: Ending): boolean {
  // A console that never opened gives its link back, so the same link may be tried again unless it is what failed.
  if (!opened) return !isAboutTheLink(reason);
  if (link?.reusable) return true;
  // Another window took the console over; it may be taken back.
  return link?.console != null && (isPassing(reason) || reason === "viewer_replaced");
}
