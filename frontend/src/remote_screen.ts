/** The server's screen: noVNC on a WebSocket that is handed in, its size, and its last picture. Knows no states and no words. */

import type RFB from "@novnc/novnc";
import { drawnSize, type Scaling } from "./scaling.ts";
import type { Size } from "./state.ts";

export interface ScreenListener {
  /** The RFB handshake is done and the screen's size is known. */
  opened(size: Size): void;
  resized(size: Size): void;
  /** noVNC cannot go on with what it was sent. */
  gaveUp(detail: string): void;
}

export class RemoteScreen {
  private readonly stage: HTMLElement;
  private readonly frame: HTMLElement;
  private readonly listener: ScreenListener;
  private rfb: RFB | null = null;
  /** noVNC's, or the still of its last picture. */
  private canvas: HTMLCanvasElement | null = null;
  private scaling: Scaling = "sharp";

  /** `stage` is the room there is; `frame` within it is given exactly the size at which the screen is drawn. */
  constructor(stage: HTMLElement, frame: HTMLElement, listener: ScreenListener) {
    this.stage = stage;
    this.frame = frame;
    this.listener = listener;
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  /** Fetches noVNC, which is most of the page's weight, so that it can come while the link is being checked. */
  async load(): Promise<typeof RFB> {
    return (await import("@novnc/novnc")).default;
  }

  /** Speaks RFB over the socket from now on. No byte may have been read from it yet. */
  attach(NoVnc: typeof RFB, socket: WebSocket): void {
    this.frame.replaceChildren();
    const rfb = new NoVnc(this.frame, socket);
    this.rfb = rfb;
    this.canvas = this.frame.querySelector("canvas");
    if (this.canvas === null) throw new Error("noVNC made no canvas");
    this.canvas.id = "screen";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");

    // noVNC fills its container and the container has the wanted size: one rule for every way of scaling.
    rfb.scaleViewport = true;
    rfb.background = "transparent";
    new MutationObserver(() => {
      this.fit();
      this.listener.resized(this.size);
    }).observe(this.canvas, { attributeFilter: ["width", "height"] });

    // An RFB that has been replaced or frozen still winds down for a while; its word counts no more.
    const gaveUp = (detail: string): void => {
      if (this.rfb === rfb) this.listener.gaveUp(detail);
    };
    rfb.addEventListener("connect", () => {
      this.fit();
      this.listener.opened(this.size);
    });
    rfb.addEventListener("disconnect", () => gaveUp("the viewer could not read what came"));
    // Keyhole signs in at the server itself and offers viewers the security type None only (RFC 6143, 7.2.1).
    rfb.addEventListener("credentialsrequired", () => gaveUp("a password was asked for"));
    rfb.addEventListener("securityfailure", () => gaveUp("the security handshake failed"));
    onThrow(socket, () => gaveUp("the picture could not be decoded"));
  }

  get size(): Size {
    return { width: this.canvas?.width ?? 0, height: this.canvas?.height ?? 0 };
  }

  setScaling(scaling: Scaling): void {
    this.scaling = scaling;
    this.fit();
  }

  describe(label: string): void {
    this.canvas?.setAttribute("aria-label", label);
  }

  focus(): void {
    this.rfb?.focus({ preventScroll: true });
  }

  get hasFocus(): boolean {
    return this.canvas !== null && document.activeElement === this.canvas;
  }

  sendKey(keysym: number, code: string, down: boolean): void {
    this.rfb?.sendKey(keysym, code, down);
  }

  /** Lets go of every key that the guest believes to be held; noVNC does so when it sees the window lose focus. */
  releaseKeys(): void {
    window.dispatchEvent(new Event("blur"));
  }

  /** Ends noVNC and leaves its last picture standing, a still that takes no input. */
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
    this.canvas = still;
    this.frame.append(still);
  }

  /** The picture as it stands, as a PNG; null where there is none. */
  picture(): Promise<Blob | null> {
    const canvas = this.canvas;
    if (canvas === null || canvas.width === 0) return Promise.resolve(null);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  private fit(): void {
    const room = { width: this.stage.clientWidth, height: this.stage.clientHeight };
    const drawn = drawnSize(this.size, room, this.scaling, window.devicePixelRatio);
    this.frame.style.width = `${drawn.width}px`;
    this.frame.style.height = `${drawn.height}px`;
    this.frame.classList.toggle("pixelated", drawn.pixelated);
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
