/** How much comes over a socket, and how soon Keyhole answers: what can be measured honestly from here. */

const WINDOW_MS = 2_000;
const ANSWER_WITHIN_MS = 5_000;

export interface Line {
  /** From this page to Keyhole and back, over HTTP: the way to the server behind it is not in it. */
  readonly roundTripMs: number | null;
  readonly bytesPerSecond: number;
}

export class Traffic {
  private bytes = 0;
  private since = 0;

  watch(socket: WebSocket): void {
    socket.addEventListener("message", ({ data }) => {
      this.bytes += data instanceof ArrayBuffer ? data.byteLength : String(data).length;
    });
  }

  /** Bytes per second since the last call, measured over two seconds at least. */
  take(now: number): number {
    const span = Math.max(WINDOW_MS, now - this.since);
    const rate = Math.round((this.bytes * 1000) / span);
    this.bytes = 0;
    this.since = now;
    return rate;
  }
}

/** Milliseconds until Keyhole says that it lives, no more than are waited for; null where it cannot be asked. */
export async function roundTrip(base: URL, withinMs = ANSWER_WITHIN_MS): Promise<number | null> {
  const startedAt = performance.now();
  try {
    await fetch(new URL("healthz", base), { cache: "no-store", signal: AbortSignal.timeout(withinMs) });
    return Math.round(performance.now() - startedAt);
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? withinMs : null;
  }
}
