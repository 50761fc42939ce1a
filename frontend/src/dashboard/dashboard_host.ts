/** What the dashboard shares with its parts. */

import type { ReactiveControllerHost } from "lit";
import type { State } from "./state.ts";
import type { Texts } from "./texts.ts";

export interface HasTexts extends ReactiveControllerHost {
  readonly texts: Texts;
}

export interface HasState {
  readonly state: State;
  /** Changes the state; it is drawn soon after. */
  change(changed: Partial<State>): void;
}

export type DashboardHost = HasTexts & HasState;
