/** The way to the console: the flow in use, the viewers that it draws with, and what the person may do about it. */

import type { ReactiveControllerHost } from "lit";
import type { Screen } from "../screens/screen.ts";
import type { Access } from "../session/access.ts";
import { ConsoleFlow, type Viewer } from "../session/console_flow.ts";
import type { Protocol } from "../core/protocols.ts";
import { PROTOCOLS } from "../core/protocols.ts";
import type { Size } from "../core/size.ts";
import type { Fact } from "../session/state.ts";
import type { StateActions } from "./state_dialog.ts";
import { NetworkWatcher } from "./network_watcher.ts";

export interface ConnectionListener {
  tell(fact: Fact): void;
  screenFor(protocol: Protocol): Screen;
  /** The viewer is about to draw what comes over this socket. */
  attached(socket: WebSocket): void;
}

export class Connection {
  readonly actions: StateActions = {
    cancel: () => this.close(),
    again: () => void this.flow?.open(),
    now: () => this.flow?.tryNow(),
    stop: () => this.flow?.stop({ reason: "viewer_lost", says: { key: "ended.stopped" } }),
  };
  private readonly listener: ConnectionListener;
  private flow: ConsoleFlow | null = null;

  constructor(host: ReactiveControllerHost, listener: ConnectionListener) {
    this.listener = listener;
    new NetworkWatcher(
      host,
      () => this.flow?.doubt(),
      () => this.flow?.tryNow(),
    );
  }

  /** Opens that, `protocol` being what is expected. What was opened before is to be let go first. */
  open(access: Access, protocol: Protocol): void {
    const tell = (fact: Fact): void => this.listener.tell(fact);
    this.flow = new ConsoleFlow(access, protocol, { tell, viewerFor: (name) => this.viewerFor(name) });
    if (access.token === null && access.console === null) tell({ type: "ended", ending: { reason: "token_missing" } });
    else void this.flow.open();
  }

  /** The session stays: it can be resumed. */
  letGo(): void {
    this.flow?.stop({ reason: "viewer_closed" });
    this.flow = null;
  }

  /** The session ends, too. */
  close(): void {
    this.flow?.close();
  }

  opened(size: Size): void {
    this.flow?.opened(size);
  }

  resized(size: Size): void {
    this.flow?.resized(size);
  }

  gaveUp(detail: string): void {
    this.flow?.gaveUp(detail);
  }

  private viewerFor(name: string): Viewer | null {
    const protocol = PROTOCOLS.find((known) => known === name);
    if (protocol === undefined) return null;
    const screen = this.listener.screenFor(protocol);
    return {
      load: () => screen.load(),
      freeze: () => screen.freeze(),
      attach: (socket, again) => {
        this.listener.attached(socket);
        screen.attach(socket, again);
      },
    };
  }
}
