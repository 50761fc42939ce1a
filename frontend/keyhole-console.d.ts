/** The public face of `<keyhole-console>`; docs/reference/console-component.md describes it, a test holds the class to it. */

export type ConsoleState = "opening" | "connected" | "reconnecting" | "ended";

/** `detail` of the event `keyhole-state`. */
export interface StateDetail {
  readonly state: ConsoleState;
  /** A name of docs/reference/reasons.md; null while all is well. */
  readonly reason: string | null;
  /** The attempt to reconnect, from 1; 0 otherwise. */
  readonly attempt: number;
  readonly server: string;
  /** The session's id once it can be resumed. */
  readonly console: string | null;
}

export interface KeyholeConsole extends HTMLElement {
  base: string;
  token: string;
  console: string;
  type: "vnc" | "serial";
  connect(): void;
  disconnect(): void;
  focus(): void;
  typeText(text: string, signal?: AbortSignal): Promise<number>;
  sendKeys(chords: string): boolean;
  screenshot(): Promise<Blob | null>;
}

declare global {
  interface HTMLElementTagNameMap {
    "keyhole-console": KeyholeConsole;
  }
}
