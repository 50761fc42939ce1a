/** What a screen reader is told: a live region in the document rather than the shadow, where they are surest of it. */

import type { ReactiveController } from "lit";
import { spokenOf } from "../language/words.ts";
import type { State } from "../session/state.ts";
import type { Desk } from "./desk.ts";

export class Spoken implements ReactiveController {
  private readonly desk: Desk;
  private readonly region = document.createElement("p");

  constructor(desk: Desk) {
    this.desk = desk;
    this.region.id = "spoken";
    this.region.slot = "spoken";
    this.region.setAttribute("role", "status");
    desk.addController(this);
  }

  hostConnected(): void {
    this.desk.append(this.region);
  }

  say(text: string): void {
    this.region.textContent = text;
  }

  /** The desk's state is another than before. */
  stateChanged(before: State): void {
    const { state, texts } = this.desk;
    const spoken = spokenOf(before, state, texts);
    if (spoken) this.say(this.needsReadAloud ? `${spoken}. ${texts.text("connected.read_aloud_hint")}` : spoken);
  }

  /** A terminal is drawn: what it says reaches a screen reader only when that is asked for. */
  private get needsReadAloud(): boolean {
    const { state, protocol, preferences } = this.desk;
    return state.name === "connected" && protocol === "serial" && !preferences.readAloud;
  }
}
