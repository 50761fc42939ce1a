/** What a screen reader is told: a live region in the document rather than the shadow, where they are surest of it. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { spokenOf } from "./words.ts";
import type { State } from "../session/state.ts";
import type { HasPreferences, HasScreens, HasState, HasTexts } from "./console_host.ts";

type Host = HTMLElement & ReactiveControllerHost & HasTexts & HasState & HasPreferences & Pick<HasScreens, "protocol">;

export class LiveRegion implements ReactiveController {
  private readonly host: Host;
  private readonly region = document.createElement("p");

  constructor(host: Host) {
    this.host = host;
    this.region.id = "spoken";
    this.region.slot = "spoken";
    this.region.setAttribute("role", "status");
    host.addController(this);
  }

  hostConnected(): void {
    this.host.append(this.region);
  }

  say(text: string): void {
    this.region.textContent = text;
  }

  /** The state is another than before. */
  stateChanged(before: State): void {
    const { state, texts } = this.host;
    const spoken = spokenOf(before, state, texts);
    if (spoken) this.say(this.needsReadAloud ? `${spoken}. ${texts.text("connected.read_aloud_hint")}` : spoken);
  }

  /** A terminal is drawn: what it says reaches a screen reader only when that is asked for. */
  private get needsReadAloud(): boolean {
    const { state, protocol, preferences } = this.host;
    return state.name === "connected" && protocol === "serial" && !preferences.readAloud;
  }
}
