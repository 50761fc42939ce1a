/**
 * Opens the console and brings it back: asks what the access opens, connects, starts the viewer, and tells each fact
 * once. After a loss that passes it tries again with growing pauses, as long as the session can be resumed.
 * Knows no DOM.
 */

import type { Access } from "./access.ts";
import { endSession, inspect, type Inspection, type Link } from "./link.ts";
import type { Ending } from "./ending.ts";
import { isPassing } from "../core/reasons.ts";
import { HELD_MS, pauseBefore } from "./retry.ts";
import { endingOfClose, openSocket } from "./socket.ts";
import type { Size } from "../core/size.ts";
import type { Fact } from "./state.ts";

/** After this long, giving up is offered. */
const SLOW_AFTER_MS = 5_000;

const BLOCKED: Ending = { reason: "viewer_lost", says: { key: "failed.blocked" }, next: { key: "failed.websockets" } };

/** What draws a console. */
export interface Viewer {
  /** Fetches the viewer, which is most of the page's weight, so that it can come while the link is being checked. */
  load(): Promise<void>;
  /** Draws what comes over the socket from now on; no byte may have been read from it yet. `again`: after a loss. */
  attach(socket: WebSocket, again: boolean): void;
  /** Ends the viewer and leaves its last picture standing, a still that takes no input. */
  freeze(): void;
}

export interface FlowListener {
  tell(fact: Fact): void;
  /** The viewer for a protocol; null where there is none. */
  viewerFor(protocol: string): Viewer | null;
}

export class ConsoleFlow {
  private access: Access;
  private readonly protocol: string;
  private readonly listener: FlowListener;
  /** Aborted when the present attempt is over; whatever still arrives from it is then ignored. */
  private attempt = new AbortController();
  private socket: WebSocket | null = null;
  private viewer: Viewer | null = null;
  /** Attempts since the console last held; 0 while none was lost. */
  private losses = 0;
  private connectedAt = 0;
  /** The console was open here, or was before a reload: what never opened is not "lost". */
  private wasOpen: boolean;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** `protocol` is what a link that cannot be asked about opens: that of a Keyhole on another origin. */
  constructor(access: Access, protocol: string, listener: FlowListener) {
    this.access = access;
    this.wasOpen = access.console !== null;
    this.protocol = protocol;
    this.listener = listener;
  }

  async open(): Promise<void> {
    this.losses = 0;
    this.listener.tell({ type: "started" });
    await this.try();
  }

  /** The pause is over, or the person or the network says that now is better. */
  tryNow(): void {
    if (this.waiting === undefined) return;
    this.stopWaiting();
    this.listener.tell({ type: "trying" });
    void this.try();
  }

  /** The line may be dead without a word (a sleep, another network): a session is opened anew rather than waited for. */
  doubt(): void {
    if (this.waiting !== undefined) this.tryNow();
    else if (this.connectedAt > 0 && this.access.console) this.fail({ reason: "viewer_lost" });
  }

  /** The screen's own words, passed on by whoever made it. */
  opened(size: Size): void {
    this.connectedAt = Date.now();
    this.wasOpen = true;
    this.listener.tell({ type: "connected", size });
  }

  resized(size: Size): void {
    this.listener.tell({ type: "resized", size });
  }

  gaveUp(detail: string): void {
    // noVNC gives up on a closed socket too, but there the close itself says why.
    if (this.socket?.readyState === WebSocket.CLOSED) return;
    this.fail({ reason: "target_protocol_error", detail });
  }

  /** The person stops reconnecting; the session stays, to be reopened. */
  stop(ending: Ending): void {
    this.stopWaiting();
    this.end(ending);
  }

  /** The person has had enough: the session ends too. */
  close(): void {
    this.stopWaiting();
    this.socket?.close(1000, "viewer_closed");
    this.socket = null;
    if (this.access.console) endSession(this.access.base, this.access.console);
    this.end({ reason: "viewer_closed" });
  }

  /** One attempt, from the question to the viewer on its socket. */
  private async try(): Promise<void> {
    const { signal } = (this.attempt = new AbortController());
    const slow = setTimeout(() => this.listener.tell({ type: "slow" }), SLOW_AFTER_MS);
    signal.addEventListener("abort", () => clearTimeout(slow));

    const early = this.listener.viewerFor(this.protocol);
    early?.load().catch(() => undefined); // Told below, once the link is known to be good.
    const inspection = await this.ask(signal);
    if (signal.aborted) return;
    if (!inspection.good) return this.fail(inspection.ending);
    const { link } = inspection;
    this.listener.tell({ type: "link_good", link });

    const viewer = this.listener.viewerFor(link.protocol);
    if (viewer === null) return this.end({ reason: "console_type_unavailable", detail: link.protocol });
    try {
      await viewer.load();
      if (signal.aborted) return;
      this.viewer = viewer;
      const again = this.losses > 0;
      viewer.attach(this.connect(link, signal), again);
    } catch (error) {
      this.fail({ reason: "viewer_lost", says: { key: "failed.not_loaded" }, detail: String(error) });
    }
  }

  /** A page of another origin may open the socket but not ask: what it opens is then what the portal says. */
  private ask(signal: AbortSignal): Promise<Inspection> {
    if (this.access.base.origin === location.origin) return inspect(this.access, signal);
    const link: Link = {
      serverId: "",
      serverName: "",
      consoleType: "",
      protocol: this.protocol,
      expiresAt: null,
      reusable: false,
      console: null,
      watching: false,
    };
    return Promise.resolve({ good: true, link });
  }

  private connect(link: Link, signal: AbortSignal): WebSocket {
    const socket = (this.socket = openSocket(this.access));
    let opened = false;
    socket.addEventListener("open", () => {
      opened = true;
      // From now on the browser holds the session's ticket.
      if (link.console) this.access = { ...this.access, console: link.console };
    });
    // Keyhole speaks first, and only once it has the server's console in hand.
    socket.addEventListener("message", () => this.listener.tell({ type: "host_reached" }), { once: true });
    // Registered before the viewer's own listener, so that the last picture still stands when it runs.
    socket.addEventListener("close", (event) => {
      if (signal.aborted) return;
      if (opened) this.fail(endingOfClose(event.reason));
      else void this.explainRefusal(signal);
    });
    return socket;
  }

  /** A browser hides why an upgrade was refused; asking again tells. */
  private async explainRefusal(signal: AbortSignal): Promise<void> {
    const inspection = await this.ask(signal);
    if (!signal.aborted) this.fail(inspection.good ? BLOCKED : inspection.ending);
  }

  /** The attempt or the console is over: reconnects where that makes sense, else ends. */
  private fail(ending: Ending): void {
    if (this.attempt.signal.aborted) return;
    if (!this.wasOpen || !this.access.console || !isPassing(ending.reason)) return this.end(ending);
    this.attempt.abort();
    const { connectedAt } = this;
    this.letGo();
    this.losses = connectedAt > 0 && Date.now() - connectedAt >= HELD_MS ? 1 : this.losses + 1;
    const pauseMs = pauseBefore(this.losses, Math.random());
    this.listener.tell({ type: "lost", ending, attempt: this.losses, pauseMs });
    this.waiting = setTimeout(() => this.tryNow(), pauseMs);
  }

  private end(ending: Ending): void {
    this.attempt.abort();
    this.letGo();
    this.listener.tell({ type: "ended", ending });
  }

  /** Leaves the last picture standing and the socket to itself. */
  private letGo(): void {
    this.connectedAt = 0;
    this.viewer?.freeze();
    this.viewer = null;
    this.socket?.close();
    this.socket = null;
  }

  private stopWaiting(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }
}
