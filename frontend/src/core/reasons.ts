/**
 * The vocabulary of endings and refusals, and what each means for reconnecting. `reasons.json` is generated from the
 * server's own (tools/generate_reasons.py), so that page, log, metric and documentation show one name for one thing.
 */

import vocabulary from "./reasons.json" with { type: "json" };

export type ReasonName = keyof typeof vocabulary;

/** What a person reads: a title, what happened, what to do next (may be empty). */
export interface Words {
  readonly title: string;
  readonly says: string;
  readonly next: string;
}

/** Reasons that are the link's own fault: opening the same link again cannot help. */
const ABOUT_THE_LINK: ReadonlySet<string> = new Set([
  "token_missing",
  "token_unknown",
  "token_expired",
  "token_used",
  "ticket_unknown",
  "origin_refused",
]);

/**
 * Reasons that pass by themselves, after which an open session is worth reconnecting. All others are final: somebody
 * decided them, or nothing would change.
 */
const PASSING: ReadonlySet<string> = new Set([
  "viewer_lost",
  "viewer_timeout",
  "target_closed",
  "target_unreachable",
  "target_refused",
  "target_lost",
  "server_moved",
  "server_not_ready",
  "server_busy",
  "restarting",
  "dependency_unavailable",
  "limit_handshakes",
  "limit_address",
  "limit_server_handshakes",
  "limit_buffer",
]);

export function isReason(name: unknown): name is ReasonName {
  return typeof name === "string" && Object.hasOwn(vocabulary, name);
}

export function englishOf(reason: ReasonName): Words {
  return vocabulary[reason];
}

export function isAboutTheLink(reason: ReasonName): boolean {
  return ABOUT_THE_LINK.has(reason);
}

export function isPassing(reason: ReasonName): boolean {
  return PASSING.has(reason);
}
