/** What the console needs of a viewer, whatever it draws. */

import type { Keyboard } from "../keyboard/keys.ts";
import type { Viewer } from "../session/console_flow.ts";
import type { Size } from "../core/size.ts";

export interface ScreenListener {
  /** The screen is there and its size is known. */
  opened(size: Size): void;
  resized(size: Size): void;
  /** The viewer cannot go on with what it was sent. */
  gaveUp(detail: string): void;
  /** The server's clipboard changed. Foreign text. */
  copied(text: string): void;
}

export interface Screen extends Viewer, Keyboard {
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
