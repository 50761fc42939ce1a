/** The page's states and the ways between them. Pure: no DOM, no network, no clock. */

import type { Link } from "./link.ts";
import { isAboutTheLink, type Ending } from "./reasons.ts";

/** The steps of opening: asking about the link, waiting for the server's host, waiting for the first picture. */
export type Step = "link" | "host" | "picture";

/** The remote screen's size in its own pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

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

export interface Ended {
  readonly name: "ended";
  readonly link: Link | null;
  readonly ending: Ending;
  /** The console had been open, so there is a last picture. */
  readonly opened: boolean;
  /** Opening the same link again may work. */
  readonly again: boolean;
}

export type State = Opening | Connected | Ended;

export type Fact =
  | { readonly type: "started" }
  | { readonly type: "link_good"; readonly link: Link }
  | { readonly type: "host_reached" }
  | { readonly type: "slow" }
  | { readonly type: "connected"; readonly size: Size }
  | { readonly type: "resized"; readonly size: Size }
  | { readonly type: "ended"; readonly ending: Ending };

export const INITIAL: Opening = { name: "opening", step: "link", slow: false, link: null };

/** The state after a fact. A fact that means nothing in a state (it came too late) leaves the very same state. */
export function next(state: State, fact: Fact): State {
  switch (fact.type) {
    case "started":
      return { ...INITIAL, link: state.link };
    case "link_good":
      return state.name === "opening" ? { ...state, link: fact.link, step: "host" } : state;
    case "host_reached":
      return state.name === "opening" && state.step !== "picture" ? { ...state, step: "picture" } : state;
    case "slow":
      return state.name === "opening" ? { ...state, slow: true } : state;
    case "connected":
      return state.name === "opening" ? { name: "connected", link: state.link, size: fact.size } : state;
    case "resized":
      return state.name === "connected" ? { ...state, size: fact.size } : state;
    case "ended":
      return state.name === "ended" ? state : ended(state, fact.ending);
  }
}

function ended(state: Opening | Connected, ending: Ending): Ended {
  const opened = state.name === "connected";
  // A console that never opened gives its link back, so the same link may be tried again unless it is what failed.
  const again = opened ? (state.link?.reusable ?? false) : !isAboutTheLink(ending.reason);
  return { name: "ended", link: state.link, ending, opened, again };
}
