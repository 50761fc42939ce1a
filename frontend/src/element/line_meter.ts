/** Measures the line while the console is open and looked at. */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { roundTrip, Traffic, type Line } from "../session/traffic.ts";

const EVERY_MS = 10_000;
/** Slower than this, typing feels heavy. */
const SLOW_MS = 300;

export class LineMeter implements ReactiveController {
  readonly traffic = new Traffic();
  line: Line = { roundTripMs: null, bytesPerSecond: 0 };
  private readonly host: ReactiveControllerHost;
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  get isSlow(): boolean {
    return (this.line.roundTripMs ?? 0) > SLOW_MS;
  }

  start(base: URL): void {
    this.stop();
    const measure = async (): Promise<void> => {
      if (document.hidden) return;
      const bytesPerSecond = this.traffic.take(performance.now());
      // A Keyhole on another origin does not let us read its answer; how much comes is seen all the same.
      const roundTripMs = base.origin === location.origin ? await roundTrip(base) : null;
      this.line = { roundTripMs, bytesPerSecond };
      this.host.requestUpdate();
    };
    this.ticking = setInterval(() => void measure(), EVERY_MS);
    void measure();
  }

  stop(): void {
    clearInterval(this.ticking);
    this.line = { roundTripMs: null, bytesPerSecond: 0 };
  }

  hostDisconnected(): void {
    this.stop();
  }
}
