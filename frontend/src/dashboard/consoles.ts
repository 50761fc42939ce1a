/** The consoles that the dashboard opens, best first, and where their pages are. SPICE has no page here. */

export interface ConsoleKind {
  /** What `/v1/servers` lists, and what the compute API calls the protocol. */
  readonly protocol: string;
  /** The console type that is asked for. */
  readonly type: string;
}

export const CONSOLE_KINDS: readonly ConsoleKind[] = [
  { protocol: "vnc", type: "novnc" },
  { protocol: "serial", type: "serial" },
];

/** The consoles among `protocols` that a page can show, in the order of preference. */
export function kindsOf(protocols: readonly string[]): readonly ConsoleKind[] {
  return CONSOLE_KINDS.filter((kind) => protocols.includes(kind.protocol));
}

/**
 * The page of a console's URL. A serial console's URL names the WebSocket itself (`wss://HOST/?token=T`), which the page
 * beside it opens. Throws TypeError for anything that is no address of a page.
 */
export function consoleAddress(url: string): string {
  const address = new URL(url);
  if (address.protocol === "ws:" || address.protocol === "wss:") {
    address.protocol = address.protocol === "ws:" ? "http:" : "https:";
    address.pathname = "/serial.html";
  }
  if (address.protocol !== "http:" && address.protocol !== "https:") throw new TypeError("not the address of a page");
  return address.href;
}
