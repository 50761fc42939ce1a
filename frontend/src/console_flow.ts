/** Opens the console: asks about the link, connects, starts the picture, and tells each fact once. Knows no DOM. */

import { inspectLink } from "./link.ts";
import type { Ending } from "./reasons.ts";
import type { RemoteScreen } from "./remote_screen.ts";
import { endingOfClose, openSocket } from "./socket.ts";
import type { Fact, Size } from "./state.ts";

/** After this long, giving up is offered. */
const SLOW_AFTER_MS = 5_000;

const BLOCKED: Ending = {
  reason: "viewer_lost",
  words: {
    says: "The link is good, but the connection that carries the picture did not open.",
    next: "Something between you and Keyhole may not let WebSockets through.",
  },
};

type Viewer = Pick<RemoteScreen, "load" | "attach">;

export class ConsoleFlow {
  private readonly token: string;
  private readonly screen: Viewer;
  private readonly tell: (fact: Fact) => void;
  /** Aborted when the present attempt is over; whatever still arrives from it is then ignored. */
  private attempt = new AbortController();
  private socket: WebSocket | null = null;

  constructor(token: string, screen: Viewer, tell: (fact: Fact) => void) {
    this.token = token;
    this.screen = screen;
    this.tell = tell;
  }

  async open(): Promise<void> {
    const { signal } = (this.attempt = new AbortController());
    this.tell({ type: "started" });
    const slow = setTimeout(() => this.tell({ type: "slow" }), SLOW_AFTER_MS);
    signal.addEventListener("abort", () => clearTimeout(slow));

    const loading = this.screen.load();
    loading.catch(() => undefined); // Told below, once the link is known to be good.
    const inspection = await inspectLink(this.token, signal);
    if (signal.aborted) return;
    if (!inspection.good) return this.end(inspection.ending);
    this.tell({ type: "link_good", link: inspection.link });

    try {
      const viewer = await loading;
      if (!signal.aborted) this.screen.attach(viewer, this.connect(signal));
    } catch (error) {
      this.end({ reason: "viewer_lost", words: { says: "The viewer itself could not be loaded." }, detail: String(error) });
    }
  }

  /** The screen's own words, passed on by whoever made it. */
  opened(size: Size): void {
    this.tell({ type: "connected", size });
  }

  resized(size: Size): void {
    this.tell({ type: "resized", size });
  }

  gaveUp(detail: string): void {
    // noVNC gives up on a closed socket too, but there the close itself says why.
    if (this.socket?.readyState === WebSocket.CLOSED) return;
    this.end({ reason: "target_protocol_error", detail });
  }

  /** The person has had enough. */
  close(): void {
    this.socket?.close(1000, "viewer_closed");
    this.end({ reason: "viewer_closed" });
  }

  private connect(signal: AbortSignal): WebSocket {
    const socket = (this.socket = openSocket(this.token));
    let opened = false;
    socket.addEventListener("open", () => (opened = true), { once: true });
    // Keyhole speaks first, and only once it has the server's console in hand.
    socket.addEventListener("message", () => this.tell({ type: "host_reached" }), { once: true });
    // Registered before noVNC's own listener, so that the last picture still stands when it runs.
    socket.addEventListener("close", (event) => {
      if (signal.aborted) return;
      if (opened) this.end(endingOfClose(event.reason));
      else void this.explainRefusal(signal);
    });
    return socket;
  }

  /** A browser hides why an upgrade was refused; asking about the link again tells. */
  private async explainRefusal(signal: AbortSignal): Promise<void> {
    const inspection = await inspectLink(this.token, signal);
    if (!signal.aborted) this.end(inspection.good ? BLOCKED : inspection.ending);
  }

  private end(ending: Ending): void {
    if (this.attempt.signal.aborted) return;
    this.attempt.abort();
    this.tell({ type: "ended", ending });
  }
}
