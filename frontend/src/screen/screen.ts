/** What the console needs of a viewer, whatever it draws. */

import type { Keyboard } from "../keyboard/keys.ts";
import type { Size } from "../session/state.ts";

export interface ScreenListener {
  /** The screen is there and its size is known. */
  opened(size: Size): void;
  resized(size: Size): void;
  /** The viewer cannot go on with what it was sent. */
  gaveUp(detail: string): void;
  /** The server's clipboard changed. Foreign text. */
  copied(text: string): void;
}

export interface Screen extends Keyboard {
  /** Fetches the viewer, which is most of the page's weight, so that it can come while the link is being checked. */
  load(): Promise<void>;
  /** Draws what comes over the socket from now on; no byte may have been read from it yet. `again`: after a loss. */
  attach(socket: WebSocket, again: boolean): void;
  /** Ends the viewer and leaves its last picture standing, a still that takes no input. */
  freeze(): void;
  /** Words for the person who cannot see what the screen is. */
  describe(label: string): void;
  focus(): void;
  readonly hasFocus: boolean;
  readonly size: Size;
  /** Nothing typed or clicked is sent. */
  setWatching(watching: boolean): void;
  /** Lets go of every key that the server believes to be held. */
  releaseKeys(): void;
  /** What is on the screen, for a file; null where there is nothing. */
  picture(): Promise<Blob | null>;
}
