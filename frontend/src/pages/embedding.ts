/**
 * The page in a portal's frame: a contract of messages with the page around it, by window.postMessage.
 *
 * Who may frame the page at all is the server's word (Content-Security-Policy, `frame-ancestors`), which the browser
 * holds. So a message from the window around is from an allowed origin; the first `hello` fixes which one it is, and
 * from then on no other is heard and none but it is told anything.
 */

import type { StateDetail } from "../element/events.ts";
import type { KeyholeConsole } from "../element/keyhole_console.ts";

/** Every message of either side has this as its `keyhole`; a later contract would have another. */
export const CONTRACT = 1;

export const TEXT_LIMIT = 4096;

/** What the portal may ask for. */
export const COMMANDS = ["hello", "focus", "disconnect", "keys", "type", "open"] as const;
type CommandName = (typeof COMMANDS)[number];

type Command = Readonly<Record<string, unknown>> & { readonly keyhole: typeof CONTRACT; readonly command: string };

/** The part of a window that is written to. */
export interface Surroundings {
  postMessage(message: unknown, targetOrigin: string): void;
}

export class Embedding {
  private readonly element: Pick<
    KeyholeConsole,
    "token" | "console" | "connect" | "disconnect" | "focus" | "sendKeys" | "typeText"
  >;
  private readonly around: Surroundings;
  private origin: string | null = null;
  private latest: StateDetail | null = null;

  constructor(element: Embedding["element"], around: Surroundings) {
    this.element = element;
    this.around = around;
    window.addEventListener("message", (event) => void this.hear(event));
  }

  /** Tells the portal; until it has said hello there is nobody to be told. */
  tell(detail: StateDetail): void {
    this.latest = detail;
    const { console: _, ...shared } = detail;
    this.send({ event: "state", ...shared });
  }

  async hear({ source, origin, data }: Pick<MessageEvent, "source" | "origin" | "data">): Promise<void> {
    if (source !== this.around || (this.origin !== null && origin !== this.origin)) return;
    const command = commandOf(data);
    if (command === null) return;
    if (this.origin === null) {
      if (command.command !== "hello" || origin === "null") return;
      this.origin = origin;
    }
    const done = await this.obey(command);
    this.send({ event: "answer", id: command["id"] ?? null, command: command.command, done });
    if (command.command === "hello" && this.latest) this.tell(this.latest);
  }

  /** Does what is asked; false for what is not known, not well-formed, or not possible now. */
  private async obey({ command, ...values }: Command): Promise<boolean> {
    const { text, keys, token } = values as Record<string, unknown>;
    if (!isKnown(command)) return false;
    switch (command) {
      case "hello":
        return true;
      case "focus":
        this.element.focus();
        return true;
      case "disconnect":
        this.element.disconnect();
        return true;
      case "keys":
        return typeof keys === "string" && keys.length <= TEXT_LIMIT && this.element.sendKeys(keys);
      case "type":
        return typeof text === "string" && text.length <= TEXT_LIMIT && (await this.element.typeText(text)) > 0;
      case "open":
        if (typeof token !== "string" || token === "") return false;
        this.element.token = token;
        this.element.console = "";
        this.element.connect();
        return true;
    }
  }

  private send(message: Record<string, unknown>): void {
    if (this.origin !== null) this.around.postMessage({ keyhole: CONTRACT, ...message }, this.origin);
  }
}

function isKnown(command: string): command is CommandName {
  return (COMMANDS as readonly string[]).includes(command);
}

function commandOf(data: unknown): Command | null {
  if (typeof data !== "object" || data === null) return null;
  const { keyhole, command } = data as Record<string, unknown>;
  return keyhole === CONTRACT && typeof command === "string" ? (data as Command) : null;
}
