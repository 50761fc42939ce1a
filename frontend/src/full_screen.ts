/** Full screen, with the keys that the browser otherwise keeps where it can hand them over (Keyboard Lock). */

import { byId } from "./elements.ts";

interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

/** How near to the top edge counts as at it; the height of #edge under a finger. */
const RIM_PX = 16;

export class FullScreen {
  private readonly bar = byId("bar", HTMLElement);
  private readonly button: HTMLButtonElement;
  private readonly entered: (keysLocked: boolean) => void;

  constructor(button: HTMLButtonElement, stage: HTMLElement, entered: (keysLocked: boolean) => void) {
    this.button = button;
    this.entered = entered;
    button.hidden = !document.fullscreenEnabled;
    document.addEventListener("fullscreenchange", () => void this.changed());
    // In full screen the bar is away; a touch or the mouse at the top edge brings it back, the screen sends it off.
    byId("edge", HTMLElement).addEventListener("pointerenter", () => this.showBar());
    document.addEventListener("pointerdown", (event) => {
      // A finger that comes in over the rim of the glass may touch no element at all.
      if (event.clientY < RIM_PX) this.showBar();
    });
    stage.addEventListener("pointerdown", () => this.hideBar(), { capture: true });
    this.bar.addEventListener("pointerleave", (event) => {
      // A finger leaves whenever it is lifted, and is likely to come back for the next button.
      if (event.pointerType === "mouse") this.hideBar();
    });
  }

  async toggle(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen({ navigationUI: "hide" });
  }

  private showBar(): void {
    this.bar.classList.add("revealed");
  }

  private hideBar(): void {
    this.bar.classList.remove("revealed");
  }

  private async changed(): Promise<void> {
    const on = document.fullscreenElement !== null;
    document.documentElement.toggleAttribute("data-full-screen", on);
    this.hideBar();
    this.button.setAttribute("aria-pressed", String(on));
    const { keyboard } = navigator as { keyboard?: KeyboardLock };
    if (on) this.entered(await locked(keyboard));
    else keyboard?.unlock();
  }
}

/** Asks for all keys; false where the browser has no such thing or does not grant it. */
async function locked(keyboard: KeyboardLock | undefined): Promise<boolean> {
  try {
    await keyboard?.lock();
    return keyboard !== undefined;
  } catch {
    return false;
  }
}
