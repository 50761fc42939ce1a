/** The server's serial console: xterm.js on a WebSocket that is handed in. Bytes go both ways in binary frames. */

import type { FitAddon } from "@xterm/addon-fit";
import type { SearchAddon } from "@xterm/addon-search";
import type { Terminal } from "@xterm/xterm";
import { sequenceOf } from "../keyboard/serial_keys.ts";
import type { Key } from "../keyboard/keys.ts";
import type { Size } from "../core/size.ts";
import { refuseEscapes, withoutControls } from "./escape_filter.ts";
import { scriptCellStyles, withAdoptedStyles } from "./inline_styles.ts";
import type { Screen, ScreenListener } from "./screen.ts";

const SCROLLBACK_LINES = 10_000;

/** A text is sent in pieces: a serial port of 9600 baud takes about a thousand characters in a second. */
const PIECE_CHARACTERS = 16;
const PIECE_MS = 20;

export interface TerminalLook {
  readonly fontSize: number;
  /** Rows are mirrored for a screen reader, and new output is spoken. */
  readonly readAloud: boolean;
  readonly copyOnSelect: boolean;
}

interface Made {
  readonly terminal: Terminal;
  readonly fit: FitAddon;
  readonly search: SearchAddon;
}

export class TerminalScreen implements Screen {
  private readonly root: ShadowRoot;
  private readonly place: HTMLElement;
  private readonly listener: ScreenListener;
  private readonly encoder = new TextEncoder();
  private made: Made | null = null;
  private socket: WebSocket | null = null;
  private look: TerminalLook = { fontSize: 14, readAloud: false, copyOnSelect: false };
  private watching = false;
  private label = "";
  private readonly pressed: Key[] = [];

  /** The terminal fills `place`, an element of `root`. */
  constructor(root: ShadowRoot, place: HTMLElement, listener: ScreenListener) {
    this.root = root;
    this.place = place;
    this.listener = listener;
    new ResizeObserver(() => this.fit()).observe(place);
  }

  async load(): Promise<void> {
    if (this.made) return;
    const [xterm, fit, search, style] = await Promise.all([
      import("@xterm/xterm"),
      import("@xterm/addon-fit"),
      import("@xterm/addon-search"),
      import("@xterm/xterm/css/xterm.css?inline"),
    ]);
    if (this.made) return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style.default);
    this.root.adoptedStyleSheets.push(sheet);
    this.made = this.make(new xterm.Terminal(this.options()), new fit.FitAddon(), new search.SearchAddon());
  }

  private options(): ConstructorParameters<typeof Terminal>[0] {
    const style = getComputedStyle(this.place);
    const ink = style.getPropertyValue("--on-stage");
    return {
      scrollback: SCROLLBACK_LINES,
      fontFamily: style.getPropertyValue("--mono") || "monospace",
      fontSize: this.look.fontSize,
      theme: { background: style.getPropertyValue("--stage"), foreground: ink, cursor: ink },
      minimumContrastRatio: 4.5,
      screenReaderMode: this.look.readAloud,
      // A link in a server's output is only text: nothing that it writes can be opened by a click.
      linkHandler: { activate: () => undefined },
    };
  }

  private make(terminal: Terminal, fit: FitAddon, search: SearchAddon): Made {
    terminal.loadAddon(fit);
    terminal.loadAddon(search);
    refuseEscapes(terminal.parser);
    withAdoptedStyles(this.root, () => terminal.open(this.place));
    scriptCellStyles(terminal);
    terminal.element?.setAttribute("id", "screen");
    terminal.textarea?.setAttribute("aria-label", this.label);
    terminal.onData((data) => this.send(data));
    terminal.onBinary((data) => this.socket?.send(Uint8Array.from(data, (c) => c.charCodeAt(0))));
    terminal.onResize(() => this.listener.resized(this.size));
    terminal.onSelectionChange(() => {
      if (this.look.copyOnSelect && terminal.hasSelection()) void this.copy();
    });
    terminal.attachCustomKeyEventHandler(
      (event) => !(event.ctrlKey && event.shiftKey && /^Key[CFV]$/.test(event.code)),
    );
    return { terminal, fit, search };
  }

  attach(socket: WebSocket, again: boolean): void {
    if (this.made === null) throw new Error("The terminal is not loaded");
    const { terminal } = this.made;
    this.socket = socket;
    if (again) terminal.write("\x1b[0m\r\n");
    terminal.options.disableStdin = this.watching;
    socket.addEventListener("open", () => {
      if (this.socket !== socket) return;
      this.fit();
      this.listener.opened(this.size);
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.socket === socket) terminal.write(data instanceof ArrayBuffer ? new Uint8Array(data) : String(data));
    });
  }

  get size(): Size {
    return { width: this.made?.terminal.cols ?? 0, height: this.made?.terminal.rows ?? 0 };
  }

  show(look: TerminalLook): void {
    this.look = look;
    if (!this.made) return;
    this.made.terminal.options.fontSize = look.fontSize;
    this.made.terminal.options.screenReaderMode = look.readAloud;
    this.fit();
  }

  setWatching(watching: boolean): void {
    this.watching = watching;
    if (this.made) this.made.terminal.options.disableStdin = watching;
  }

  describe(label: string): void {
    this.label = label;
    this.made?.terminal.textarea?.setAttribute("aria-label", label);
  }

  focus(): void {
    this.made?.terminal.focus();
  }

  get hasFocus(): boolean {
    return this.root.activeElement !== null && this.root.activeElement === this.made?.terminal.textarea;
  }

  /** A chord is sent when its last key goes down: a terminal knows no releases. */
  sendKey(keysym: number, code: string, down: boolean): void {
    if (!down) {
      const at = this.pressed.findIndex((key) => key.code === code);
      if (at >= 0) this.pressed.splice(at, 1);
      return;
    }
    this.pressed.push({ keysym, code });
    if (/^(Control|Alt|Shift|Meta)/.test(code)) return;
    const sequence = sequenceOf(this.pressed);
    if (sequence !== null) this.send(sequence);
  }

  releaseKeys(): void {
    this.pressed.length = 0;
  }

  /** Sends a text piece by piece; returns how many characters went out before the end or the abort. */
  async type(text: string, signal: AbortSignal, progress: (typed: number) => void): Promise<number> {
    const characters = Array.from(withoutControls(text));
    let typed = 0;
    while (typed < characters.length && !signal.aborted) {
      this.send(
        characters
          .slice(typed, typed + PIECE_CHARACTERS)
          .join("")
          .replaceAll("\n", "\r"),
      );
      typed = Math.min(characters.length, typed + PIECE_CHARACTERS);
      progress(typed);
      await new Promise((resolve) => setTimeout(resolve, PIECE_MS));
    }
    return typed;
  }

  freeze(): void {
    this.socket = null;
    if (this.made) this.made.terminal.options.disableStdin = true;
  }

  /** Everything in the scrollback and on the screen, as text. */
  picture(): Promise<Blob | null> {
    const buffer = this.made?.terminal.buffer.normal;
    if (!buffer) return Promise.resolve(null);
    const lines = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? "");
    return Promise.resolve(new Blob([lines.join("\n").trimEnd(), "\n"], { type: "text/plain;charset=utf-8" }));
  }

  /** Looks for a text and selects it; false where it is not there. */
  find(text: string, backwards: boolean): boolean {
    const search = this.made?.search;
    if (!search) return false;
    return backwards ? search.findPrevious(text) : search.findNext(text);
  }

  get selection(): string {
    return this.made?.terminal.getSelection() ?? "";
  }

  /** Puts the selected text on this computer's clipboard; false where there is none, or no clipboard. */
  async copy(): Promise<boolean> {
    try {
      if (!this.selection) return false;
      await navigator.clipboard.writeText(this.selection);
      return true;
    } catch {
      return false;
    }
  }

  private send(text: string): void {
    if (!this.watching && this.socket?.readyState === WebSocket.OPEN) this.socket.send(this.encoder.encode(text));
  }

  private fit(): void {
    if (this.place.clientWidth > 0) this.made?.fit.fit();
  }
}
