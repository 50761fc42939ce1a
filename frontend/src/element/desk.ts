/** What the parts of the element share: what is shown now, and what they may do. */

import type { ReactiveControllerHost } from "lit";
import type { Protocol } from "../session/link.ts";
import type { State } from "../session/state.ts";
import type { Texts } from "../language/texts.ts";
import type { RemoteScreen } from "../screen/remote_screen.ts";
import type { Screen } from "../screen/screen.ts";
import type { TerminalScreen } from "../screen/terminal_screen.ts";
import type { Preferences } from "./preferences.ts";

export interface Desk extends ReactiveControllerHost, HTMLElement {
  readonly renderRoot: HTMLElement | DocumentFragment;
  /** Where Keyhole is. */
  readonly address: URL;
  readonly texts: Texts;
  readonly state: State;
  readonly preferences: Preferences;
  readonly protocol: Protocol;
  /** The viewer in use. */
  readonly screen: Screen;
  readonly remote: RemoteScreen;
  readonly terminal: TerminalScreen;
  choose(changed: Partial<Preferences>): void;
  /** A passing fact: shown for a while at the foot, and spoken. */
  note(text: string): void;
}

/** The leave key, as a person calls it. */
export function leaveKeyName({ texts, preferences }: Desk): string {
  return texts.text(`leave.${preferences.leaveKey}`);
}

/** Connected, and what is typed is sent. */
export function mayType({ state }: Desk): boolean {
  return state.name === "connected" && !state.link?.watching;
}
