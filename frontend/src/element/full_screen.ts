/** Full screen, with the keys that the browser otherwise keeps where it can hand them over (Keyboard Lock). */

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { icon } from "./icons.ts";

interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

/** Below this the mouse is off the bar; the bar's height. */
const BAR_PX = 40;

/** How near to the top edge counts as at it; the height of #edge under a finger. */
const RIM_PX = 16;

type Host = HTMLElement & ReactiveControllerHost;

export class FullScreen implements ReactiveController {
  private readonly host: Host;
  /** Told on entering; `keysLocked`: every key comes. */
  private readonly entered: (keysLocked: boolean) => void;
  on = false;
  /** In full screen the bar is away; a touch or the mouse at the top edge brings it back, the screen sends it off. */
  barShown = false;

  constructor(host: Host, entered: (keysLocked: boolean) => void) {
    this.host = host;
    this.entered = entered;
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener("fullscreenchange", this.changed);
    document.addEventListener("pointerdown", this.pressed);
    document.addEventListener("pointermove", this.moved);
  }

  hostDisconnected(): void {
    document.removeEventListener("fullscreenchange", this.changed);
    document.removeEventListener("pointerdown", this.pressed);
    document.removeEventListener("pointermove", this.moved);
  }

  button(label: string, click: () => void): TemplateResult | typeof nothing {
    if (!document.fullscreenEnabled) return nothing;
    return html`<button
      id="full-screen"
      type="button"
      class="action"
      aria-label=${label}
      title=${label}
      aria-pressed=${this.on}
      @click=${click}
    >
      ${icon("full-screen")}<span>${label}</span>
    </button>`;
  }

  edge(): TemplateResult {
    return html`<div id="edge" @pointerenter=${() => this.showBar(true)}></div>`;
  }

  async toggle(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.host.requestFullscreen({ navigationUI: "hide" });
  }

  showBar(shown: boolean): void {
    this.barShown = shown;
    this.host.requestUpdate();
  }

  /** A finger leaves whenever it is lifted, and is likely to come back for the next button. */
  barLeft(event: PointerEvent): void {
    if (event.pointerType === "mouse") this.showBar(false);
  }

  private readonly pressed = (event: PointerEvent): void => {
    // A finger that comes in over the rim of the glass may touch no element at all.
    if (this.on && event.clientY < RIM_PX) this.showBar(true);
  };

  private readonly moved = (event: PointerEvent): void => {
    // A quick mouse has gone before the bar slid in under it, and so never leaves the bar.
    if (this.barShown && event.clientY > BAR_PX) this.barLeft(event);
  };

  private readonly changed = (): void => {
    const on = document.fullscreenElement === this.host;
    if (on === this.on) return;
    this.on = on;
    this.host.toggleAttribute("full-screen", on);
    this.showBar(false);
    const { keyboard } = navigator as { keyboard?: KeyboardLock };
    if (on) void locked(keyboard).then(this.entered);
    else keyboard?.unlock();
  };
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
