/** The console's WebSocket, and what its close means. */

import { oneLine } from "../core/sanitize.ts";
import { socketAddress, type Access } from "./access.ts";
import type { Ending } from "./ending.ts";
import { isReason } from "../core/reasons.ts";

const DETAIL_LIMIT = 120;

export function openSocket(access: Access): WebSocket {
  const socket = new WebSocket(socketAddress(access).href, ["binary"]);
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
