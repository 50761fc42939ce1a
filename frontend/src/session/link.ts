/** Asks the server what a console link, or an open session, is good for. Asking does not use a link up. */

import { oneLine } from "../core/sanitize.ts";
import type { Message } from "../i18n/texts.ts";
import { isConsoleId, sessionResource, type Access } from "./access.ts";
import type { Ending } from "./ending.ts";
import { englishOf, isReason } from "../core/reasons.ts";

/** What a good link or session opens. Names are foreign text. */
export interface Link {
  readonly serverId: string;
  readonly serverName: string;
  readonly consoleType: string;
  readonly protocol: string;
  readonly expiresAt: Date | null;
  /** The link opens more than once (`tokens.reuse = "until_expiry"`). */
  readonly reusable: boolean;
  /** The session that the link becomes, where it can be resumed without a token. */
  readonly console: string | null;
  /** Keys and mouse are not let through. */
  readonly watching: boolean;
}

export type Inspection =
  { readonly good: true; readonly link: Link } | { readonly good: false; readonly ending: Ending };

const ANSWER_WITHIN_MS = 15_000;
const NAME_LIMIT = 120;
const DETAIL_LIMIT = 200;

const UNREACHABLE: Ending = {
  reason: "viewer_lost",
  says: { key: "failed.unreachable" },
  next: { key: "failed.check_network" },
};

/** What this access opens: the session's answer where there is one, else the link's. */
export function inspect(access: Access, signal: AbortSignal): Promise<Inspection> {
  if (access.console) return ask(sessionResource(access.base, access.console), {}, signal);
  return ask(
    new URL("v1/links/inspect", access.base),
    { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: access.token }) },
    signal,
  );
}

/** Ends a session for good. It is told once and not waited for: the tab may be closing. */
export function endSession(base: URL, console: string): void {
  fetch(sessionResource(base, console), { method: "DELETE", keepalive: true }).catch(() => undefined);
}

type Request = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };

/** 200 tells what is opened, a problem (RFC 9457) tells by its reason why it is not. */
async function ask(address: URL, options: Request, signal: AbortSignal): Promise<Inspection> {
  let response: Response;
  try {
    // The mode stays "cors": in any other, a page under `Referrer-Policy: no-referrer` sends `Origin: null`.
    response = await fetch(address, {
      ...options,
      headers: { ...options.headers, Accept: "application/json, application/problem+json" },
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
  if (body === null || server === null) return refused(notKeyhole(200));
  const serverId = oneLine(server["id"], NAME_LIMIT);
  const console = body["console"];
  const link = {
    serverId,
    serverName: oneLine(server["name"], NAME_LIMIT) || serverId,
    consoleType: oneLine(body["console_type"], NAME_LIMIT),
    protocol: oneLine(body["protocol"], NAME_LIMIT),
    expiresAt: asDate(body["expires_at"]),
    reusable: body["reuse"] === "until_expiry",
    console: body["resumable"] === true && isConsoleId(console) ? console : null,
    watching: body["rights"] === "watch",
  };
  return { good: true, link };
}

export function readProblem(status: number, body: Record<string, unknown> | null): Ending {
  const reason = body?.["reason"];
  if (!isReason(reason)) return notKeyhole(status);
  const detail = oneLine(body?.["detail"], DETAIL_LIMIT);
  // The server's detail is often the vocabulary's own words; said once is enough.
  const { says, next } = englishOf(reason);
  const repeats = `${says} ${next}`.startsWith(detail);
  return {
    reason,
    says: reason === "token_expired" ? expiredSentence(body ?? {}) : undefined,
    detail: repeats ? undefined : detail,
  };
}

/** "It was good for 10 minutes, until 14:05.", as far as the problem tells. */
function expiredSentence(body: Record<string, unknown>): Message | undefined {
  const until = asDate(body["expires_at"]);
  const lifetime = body["lifetime_seconds"];
  if (typeof lifetime !== "number" || !(lifetime > 0)) return undefined;
  const span = { seconds: Math.round(lifetime) };
  return until ? { key: "expired.for_until", values: { span, until } } : { key: "expired.for", values: { span } };
}

/** Something else answered: a proxy's error page, or no Keyhole at all. In front of a restart that passes. */
function notKeyhole(status: number): Ending {
  if (status === 502 || status === 503 || status === 504) return { ...UNREACHABLE, detail: `HTTP ${status}` };
  return { reason: "internal_error", says: { key: "failed.no_sense" }, detail: `HTTP ${status}` };
}

function refused(ending: Ending): Inspection {
  return { good: false, ending };
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function asDate(value: unknown): Date | null {
  const date = typeof value === "string" ? new Date(value) : null;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}
