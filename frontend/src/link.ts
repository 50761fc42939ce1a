/** Asks the server what a console link is good for. Asking does not use the link up. */

import { oneLine } from "./foreign_text.ts";
import { isReason, wordsOf, type Ending } from "./reasons.ts";

/** What a good link opens. Names are foreign text. */
export interface Link {
  readonly serverId: string;
  readonly serverName: string;
  readonly consoleType: string;
  readonly protocol: string;
  readonly expiresAt: Date | null;
  /** The link opens more than once (`tokens.reuse = "until_expiry"`). */
  readonly reusable: boolean;
}

export type Inspection = { readonly good: true; readonly link: Link } | { readonly good: false; readonly ending: Ending };

const ANSWER_WITHIN_MS = 15_000;
const NAME_LIMIT = 120;
const DETAIL_LIMIT = 200;

const UNREACHABLE: Ending = {
  reason: "viewer_lost",
  words: {
    says: "Keyhole could not be reached from this browser: asking about the link got no answer.",
    next: "Check your network, then try again.",
  },
};

/** POST v1/links/inspect {"token"}: 200 tells what the link opens, a problem (RFC 9457) tells by its reason why it does not. */
export async function inspectLink(token: string, signal: AbortSignal): Promise<Inspection> {
  let response: Response;
  try {
    // The mode stays "cors": in any other, a page under `Referrer-Policy: no-referrer` sends `Origin: null`.
    response = await fetch("v1/links/inspect", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, application/problem+json" },
      body: JSON.stringify({ token }),
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
  } catch {
    return refused(UNREACHABLE);
  }
  const body = await bodyOf(response);
  return response.ok ? readLink(body) : refused(readProblem(response.status, body));
}

/** The JSON of an answer, or null where it is something else (a proxy's error page, a broken line). */
async function bodyOf(response: Response): Promise<Record<string, unknown> | null> {
  try {
    return asObject(await response.json());
  } catch {
    return null;
  }
}

export function readLink(body: Record<string, unknown> | null): Inspection {
  const server = asObject(body?.["server"]);
  if (body === null || server === null) return refused(notKeyhole("200"));
  const serverId = oneLine(server["id"], NAME_LIMIT);
  const link = {
    serverId,
    serverName: oneLine(server["name"], NAME_LIMIT) || serverId,
    consoleType: oneLine(body["console_type"], NAME_LIMIT),
    protocol: oneLine(body["protocol"], NAME_LIMIT),
    expiresAt: asDate(body["expires_at"]),
    reusable: body["reuse"] === "until_expiry",
  };
  return { good: true, link };
}

export function readProblem(status: number, body: Record<string, unknown> | null): Ending {
  const reason = body?.["reason"];
  if (!isReason(reason)) return notKeyhole(String(status));
  const detail = oneLine(body?.["detail"], DETAIL_LIMIT);
  const says = reason === "token_expired" ? expiredSentence(body ?? {}) : null;
  // The server's detail is often the vocabulary's own words; said once is enough.
  const { says: usual, next } = wordsOf(reason);
  const repeats = `${usual} ${next}`.startsWith(detail);
  return { reason, words: says ? { says } : undefined, detail: repeats ? undefined : detail };
}

/** "It was good for 10 minutes, until 14:05.", as far as the problem tells. */
function expiredSentence(body: Record<string, unknown>): string | null {
  const expiresAt = asDate(body["expires_at"]);
  const lifetime = body["lifetime_seconds"];
  const until = expiresAt && `until ${expiresAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
  const span = typeof lifetime === "number" && lifetime > 0 ? `for ${durationOf(lifetime)}` : null;
  const facts = [span, until].filter(Boolean);
  return facts.length > 0 ? `It was good ${facts.join(", ")}.` : null;
}

function durationOf(seconds: number): string {
  const [count, unit] = seconds < 120 ? [Math.round(seconds), "second"] : [Math.round(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function notKeyhole(status: string): Ending {
  const says = "Asking about the link got an answer that makes no sense here.";
  return { reason: "internal_error", words: { says }, detail: `HTTP ${status}` };
}

function refused(ending: Ending): Inspection {
  return { good: false, ending };
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function asDate(value: unknown): Date | null {
  const date = typeof value === "string" ? new Date(value) : null;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}
