/** The console's WebSocket, and what its close means. */

import { oneLine } from "./foreign_text.ts";
import { isReason, type Ending } from "./reasons.ts";

const DETAIL_LIMIT = 120;

/** The console's address, beside the page's own: ws(s)://HOST/?token=TOK. */
export function socketAddress(token: string, page: string): string {
  const address = new URL(`./?token=${encodeURIComponent(token)}`, page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

export function openSocket(token: string): WebSocket {
  const socket = new WebSocket(socketAddress(token, document.baseURI), ["binary"]);
  socket.binaryType = "arraybuffer";
  return socket;
}

/**
 * What a close frame says. Keyhole's reason string is `NAME` or `NAME: detail` with a name of the vocabulary; anything
 * else did not come from Keyhole (a proxy's close, or none at all), so the way between is what broke.
 */
export function endingOfClose(reason: string): Ending {
  const colon = reason.indexOf(":");
  const name = colon < 0 ? reason : reason.slice(0, colon);
  if (!isReason(name)) return { reason: "viewer_lost" };
  const detail = colon < 0 ? "" : oneLine(reason.slice(colon + 1), DETAIL_LIMIT);
  return { reason: name, detail: detail || undefined };
}
