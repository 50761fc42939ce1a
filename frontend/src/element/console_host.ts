/** What the element shares with its parts, as small interfaces: each part asks for those that it uses. */

import type { ReactiveControllerHost } from "lit";
import type { Protocol } from "../core/protocols.ts";
import type { Texts } from "../i18n/texts.ts";
import type { RemoteScreen } from "../screens/remote_screen.ts";
import type { Screen } from "../screens/screen.ts";
import type { TerminalScreen } from "../screens/terminal_screen.ts";
import type { State } from "../session/state.ts";
import type { Preferences } from "./preferences.ts";

/** An element that is drawn again when that is requested. */
export interface Rendered extends ReactiveControllerHost {
  readonly renderRoot: HTMLElement | DocumentFragment;
}

export interface HasTexts {
  readonly texts: Texts;
}

export interface HasState {
  readonly state: State;
}

export interface HasPreferences {
  readonly preferences: Preferences;
  choose(changed: Partial<Preferences>): void;
}

export interface HasScreens {
  readonly protocol: Protocol;
  /** The viewer in use. */
  readonly screen: Screen;
  readonly remote: RemoteScreen;
  readonly terminal: TerminalScreen;
}

export interface HasStatusLine {
  /** Shows a passing fact for a moment, and has it spoken. */
  note(text: string): void;
}

/** Attributes that the style sheets go by: `keys-to-server`, `moving`. */
export type HasMarks = Pick<HTMLElement, "hasAttribute" | "toggleAttribute">;

/** The whole element. */
export interface ConsoleHost
  extends HTMLElement, Rendered, HasTexts, HasState, HasPreferences, HasScreens, HasStatusLine {
  /** Where Keyhole is. */
  readonly address: URL;
}

/** The leave key, as a person calls it. */
export function leaveKeyName({ texts, preferences }: HasTexts & Pick<HasPreferences, "preferences">): string {
  return texts.text(`leave.${preferences.leaveKey}`);
}

/** Connected, and what is typed is sent. */
export function mayType({ state }: HasState): boolean {
  return state.name === "connected" && !state.link?.watching;
}
