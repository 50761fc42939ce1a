/** The server's screen: noVNC on a WebSocket that is handed in, its size, and its last picture. Knows no states and no words. */

import type RFB from "@novnc/novnc";
import { MODIFIERS } from "../keyboard/keys.ts";
import type { Size } from "../core/size.ts";
import { onPixelRatio } from "./pixel_ratio.ts";
import { drawnSize, type Scaling } from "./scaling.ts";
import type { Screen, ScreenListener } from "./screen.ts";

export interface Drawing {
  readonly scaling: Scaling;
  /** Percent, for the scaling `zoom`. */
  readonly zoom: number;
  /** A dot where the server draws no mouse pointer. */
  readonly dotCursor: boolean;
  /** Less detail, more compression. */
  readonly saveBandwidth: boolean;
}

const QUALITY = { best: 6, saving: 1 } as const;
const COMPRESSION = { best: 2, saving: 9 } as const;

export class RemoteScreen implements Screen {
  private readonly stage: HTMLElement;
  private readonly frame: HTMLElement;
  private readonly listener: ScreenListener;
  private NoVnc: typeof RFB | null = null;
  private rfb: RFB | null = null;
  /** noVNC's, or the still of its last picture. */
  private canvas: HTMLCanvasElement | null = null;
  private drawing: Drawing = { scaling: "sharp", zoom: 100, dotCursor: false, saveBandwidth: false };
  private watching = false;
  private label = "";

  /** `stage` is the room there is; `frame` within it is given exactly the size at which the screen is drawn. */
  constructor(stage: HTMLElement, frame: HTMLElement, listener: ScreenListener) {
    this.stage = stage;
    this.frame = frame;
    this.listener = listener;
    new ResizeObserver(() => this.fit()).observe(stage);
    onPixelRatio(() => this.fit());
  }

  async load(): Promise<void> {
    this.NoVnc ??= (await import("@novnc/novnc")).default;
  }

  attach(socket: WebSocket, again: boolean): void {
    if (this.NoVnc === null) throw new Error("noVNC is not loaded");
    this.frame.replaceChildren();
    const rfb = (this.rfb = new this.NoVnc(this.frame, socket));
    this.canvas = this.frame.querySelector("canvas");
    if (this.canvas === null) throw new Error("noVNC made no canvas");
    this.canvas.id = "screen";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.describe(this.label);

    // noVNC fills its container and the container has the wanted size: one rule for every way of scaling.
    rfb.scaleViewport = true;
    rfb.background = "transparent";
    if (this.canvas.parentElement) this.canvas.parentElement.style.overflow = "hidden";
    rfb.viewOnly = this.watching;
    this.draw(this.drawing);
    new MutationObserver(() => {
      this.fit();
      this.listener.resized(this.size);
    }).observe(this.canvas, { attributeFilter: ["width", "height"] });
    this.listen(rfb, socket, again);
  }

  private listen(rfb: RFB, socket: WebSocket, again: boolean): void {
    // An RFB that has been replaced or frozen still winds down for a while; its word counts no more.
    const gaveUp = (detail: string): void => {
      if (this.rfb === rfb) this.listener.gaveUp(detail);
    };
    rfb.addEventListener("connect", () => {
      // Who was cut off in the middle of a chord left its keys held down.
      if (again) for (const key of MODIFIERS.values()) rfb.sendKey(key.keysym, key.code, false);
      this.fit();
      this.listener.opened(this.size);
    });
    rfb.addEventListener("clipboard", (event) => this.listener.copied(event.detail.text));
    rfb.addEventListener("disconnect", () => gaveUp("the viewer could not read what came"));
    // Keyhole signs in at the server itself and offers viewers the security type None only (RFC 6143, 7.2.1).
    rfb.addEventListener("credentialsrequired", () => gaveUp("a password was asked for"));
    rfb.addEventListener("securityfailure", () => gaveUp("the security handshake failed"));
    onThrow(socket, () => gaveUp("the picture could not be decoded"));
  }

  get size(): Size {
    return { width: this.canvas?.width ?? 0, height: this.canvas?.height ?? 0 };
  }

  draw(drawing: Drawing): void {
    this.drawing = drawing;
    if (this.rfb) {
      const level = drawing.saveBandwidth ? "saving" : "best";
      this.rfb.qualityLevel = QUALITY[level];
      this.rfb.compressionLevel = COMPRESSION[level];
      this.rfb.showDotCursor = drawing.dotCursor;
    }
    this.fit();
  }

  setWatching(watching: boolean): void {
    this.watching = watching;
    if (this.rfb) this.rfb.viewOnly = watching;
  }

  describe(label: string): void {
    this.label = label;
    this.canvas?.setAttribute("aria-label", label);
  }

  focus(): void {
    this.rfb?.focus({ preventScroll: true });
  }

  get hasFocus(): boolean {
    return this.canvas !== null && (this.canvas.getRootNode() as Document | ShadowRoot).activeElement === this.canvas;
  }

  sendKey(keysym: number, code: string, down: boolean): void {
    this.rfb?.sendKey(keysym, code, down);
  }

  /** noVNC lets go of the keys that it saw pressed when it sees the window lose focus. */
  releaseKeys(): void {
    window.dispatchEvent(new Event("blur"));
  }

  /** Puts a text on the server's clipboard, where the server shares it. */
  sendClipboard(text: string): void {
    this.rfb?.clipboardPasteFrom(text);
  }

  freeze(): void {
    const live = this.canvas;
    const rfb = this.rfb;
    if (rfb === null || live === null) return;
    this.rfb = null;
    rfb.disconnect();
    this.canvas = null;
    this.frame.replaceChildren();
    if (live.width === 0 || live.height === 0) return;
    const still = document.createElement("canvas");
    still.width = live.width;
    still.height = live.height;
    still.getContext("2d")?.drawImage(live, 0, 0);
    still.style.cssText = "display: block; width: 100%; height: 100%";
    still.setAttribute("role", "img");
    this.canvas = still;
    this.describe(this.label);
    this.frame.append(still);
    this.fit();
  }

  picture(): Promise<Blob | null> {
    const canvas = this.canvas;
    if (canvas === null || canvas.width === 0) return Promise.resolve(null);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  private fit(): void {
    const room = { width: this.stage.clientWidth, height: this.stage.clientHeight };
    const { scaling, zoom } = this.drawing;
    const drawn = drawnSize(this.size, room, scaling, window.devicePixelRatio, zoom);
    this.frame.style.width = `${drawn.width}px`;
    this.frame.style.height = `${drawn.height}px`;
    if (this.canvas) this.canvas.style.imageRendering = drawn.pixelated ? "pixelated" : "auto";
  }
}

/** noVNC throws from its message handler on data it cannot decode, and would then stand still without a word. */
function onThrow(socket: WebSocket, failed: () => void): void {
  const deliver = socket.onmessage;
  socket.onmessage = (message) => {
    try {
      deliver?.call(socket, message);
    } catch {
      failed();
    }
  };
}
