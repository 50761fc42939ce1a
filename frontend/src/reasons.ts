/**
 * The vocabulary of endings and refusals. `reasons.json` is generated from the server's own (tools/generate_reasons.py),
 * so that page, log, metric and documentation show one name for one thing.
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
const LINK_REASONS: ReadonlySet<ReasonName> = new Set<ReasonName>([
  "token_missing",
  "token_unknown",
  "token_expired",
  "token_used",
  "origin_refused",
]);

export function isReason(name: unknown): name is ReasonName {
  return typeof name === "string" && Object.hasOwn(vocabulary, name);
}

export function wordsOf(reason: ReasonName): Words {
  return vocabulary[reason];
}

export function isAboutTheLink(reason: ReasonName): boolean {
  return LINK_REASONS.has(reason);
}

/** Why the console ended or never opened. */
export interface Ending {
  readonly reason: ReasonName;
  /** The page's own sentences where it knows better than the vocabulary. */
  readonly words?: Partial<Pick<Words, "says" | "next">> | undefined;
  /** One short sentence of the server's, for a ticket. Foreign text. */
  readonly detail?: string | undefined;
}
