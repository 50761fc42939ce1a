/** The dashboard's state. Pure. */

import { HEALTHY, type Health, type Person, type Server, type Session } from "./model.ts";

export interface State {
  readonly phase: "loading" | "signed_out" | "signed_in" | "unreachable";
  /** null: not known yet, or nobody is signed in. */
  readonly person: Person | null;
  readonly signIn: { readonly working: boolean; readonly sentence: string };
  readonly servers: readonly Server[];
  readonly loaded: boolean;
  readonly filter: string;
  readonly everyProject: boolean;
  readonly sessions: readonly Session[];
  /** The session whose end button has been pressed once. */
  readonly asked: string;
  readonly health: Health;
  /** Why the servers could not be had, in words. */
  readonly failure: string;
}

export const INITIAL: State = {
  phase: "loading",
  person: null,
  signIn: { working: false, sentence: "" },
  servers: [],
  loaded: false,
  filter: "",
  everyProject: false,
  sessions: [],
  asked: "",
  health: HEALTHY,
  failure: "",
};
