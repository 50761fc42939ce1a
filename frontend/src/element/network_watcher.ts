/** Notices that the computer slept or changed its network: the line may then be dead without a word. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

const TICK_MS = 5_000;
/** A hidden tab's clock ticks once a minute at worst; a longer gap was a sleep. */
const SLEPT_MS = 90_000;

export class NetworkWatcher implements ReactiveController {
  private readonly doubt: () => void;
  /** The person looks again: a pause need not be waited for. */
  private readonly seen: () => void;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private lastTick = 0;

  constructor(host: ReactiveControllerHost, doubt: () => void, seen: () => void) {
    this.doubt = doubt;
    this.seen = seen;
    host.addController(this);
  }

  hostConnected(): void {
    this.lastTick = Date.now();
    this.ticking = setInterval(this.tick, TICK_MS);
    window.addEventListener("online", this.doubt);
    document.addEventListener("visibilitychange", this.visible);
  }

  hostDisconnected(): void {
    clearInterval(this.ticking);
    window.removeEventListener("online", this.doubt);
    document.removeEventListener("visibilitychange", this.visible);
  }

  private readonly visible = (): void => {
    if (document.hidden) return;
    this.tick();
    this.seen();
  };

  private readonly tick = (): void => {
    const now = Date.now();
    const slept = now - this.lastTick > SLEPT_MS;
    this.lastTick = now;
    if (slept) this.doubt();
  };
}
