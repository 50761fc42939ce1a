/** Passing facts: a line at the foot for a few seconds, spoken too; or spoken alone. */

import { byId } from "./elements.ts";

const SHOWN_MS = 4_000;

export class Foot {
  private readonly line = byId("foot-line", HTMLElement);
  private readonly spoken = byId("spoken", HTMLElement);
  private hiding: ReturnType<typeof setTimeout> | undefined;

  /** Shown for a while and spoken. */
  show(text: string): void {
    clearTimeout(this.hiding);
    this.line.textContent = text;
    this.line.classList.add("shown");
    this.hiding = setTimeout(() => this.clear(), SHOWN_MS);
  }

  clear(): void {
    this.line.classList.remove("shown");
    this.line.textContent = "";
  }

  /** Spoken only: what the eye sees anyway. */
  say(text: string): void {
    this.spoken.textContent = text;
  }
}
