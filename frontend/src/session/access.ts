/** By what right the console is opened: a link's token at first, then the session that it was turned into. */

/** `token` opens a link, `console` (32 hex digits) an open session, whose ticket the browser holds as a cookie. */
export interface Access {
  /** Where Keyhole is, ending in a slash. */
  readonly base: URL;
  readonly token: string | null;
  readonly console: string | null;
}

const CONSOLE_ID = /^[0-9a-f]{32}$/;

export function isConsoleId(value: unknown): value is string {
  return typeof value === "string" && CONSOLE_ID.test(value);
}

/** The page of an open session, below Keyhole's base: it has no token in it, and a reload finds the console again. */
export function sessionPage(base: URL, console: string): URL {
  return new URL(`c/${console}`, base);
}

/** Where the session is asked about and ended. */
export function sessionResource(base: URL, console: string): URL {
  return new URL(`c/${console}/session`, base);
}

/** The console's WebSocket: of the session where there is one, else of the link. */
export function socketAddress({ base, token, console }: Access): URL {
  const address = console ? sessionPage(base, console) : new URL(`?token=${encodeURIComponent(token ?? "")}`, base);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}
