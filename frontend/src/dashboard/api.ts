/** The calls that the dashboard makes: Keyhole's public API, as the person who is signed in. Knows no DOM and no words. */

import {
  readHealth,
  readPerson,
  readServers,
  readSessions,
  type Health,
  type Person,
  type Server,
  type Session,
} from "./model.ts";
import { consoleAddress, type ConsoleKind } from "./consoles.ts";
import { asObject, asText } from "../core/json.ts";

const ANSWER_WITHIN_MS = 15_000;
const PAGE_OF_SERVERS = 1_000;

/** Why a call did not do what was asked. `reason` is one of Keyhole's named reasons, or empty where no Keyhole answered. */
export class CallFailed extends Error {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number;

  constructor(status: number, reason: string, sentence: string, retryAfterSeconds = 0) {
    super(sentence);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Who is signed in; null when nobody is. */
export async function me(): Promise<Person | null> {
  try {
    return readPerson(await call("GET", "v1/me"));
  } catch (error) {
    if (error instanceof CallFailed && error.status === 401) return null;
    throw error;
  }
}

export async function signIn(username: string, password: string, project: string): Promise<Person> {
  const body = { username, password, ...(project ? { project } : {}) };
  return readPerson(await call("POST", "v1/sign-in", body));
}

export async function signOut(): Promise<void> {
  await call("POST", "v1/sign-out");
}

/** Every server that the person sees, page by page; `arrived` is told after each page, so that the first shows at once. */
export async function servers(everyProject: boolean, arrived: (servers: readonly Server[]) => void): Promise<void> {
  const found: Server[] = [];
  let marker = "";
  do {
    const query = new URLSearchParams({ limit: String(PAGE_OF_SERVERS) });
    if (everyProject) query.set("all_projects", "1");
    if (marker) query.set("marker", marker);
    const page = readServers(await call("GET", `v1/servers?${query}`));
    found.push(...page.servers);
    marker = page.next;
    arrived([...found]);
  } while (marker);
}

/** The address of a page that shows a console of the server, good for one opening. */
export async function consoleOf(serverId: string, kind: ConsoleKind): Promise<string> {
  const body = { remote_console: { protocol: kind.protocol, type: kind.type } };
  const path = `compute/v2.1/servers/${encodeURIComponent(serverId)}/remote-consoles`;
  const answer = asObject(
    (await call("POST", path, body, { "OpenStack-API-Version": "compute 2.99" }))["remote_console"],
  );
  return consoleAddress(asText(answer["url"]));
}

/** The last lines of what the server wrote to its serial port. */
export async function logOf(serverId: string, lines: number): Promise<string> {
  const path = `compute/v2.1/servers/${encodeURIComponent(serverId)}/action`;
  const answer = await call("POST", path, { "os-getConsoleOutput": { length: lines } });
  return asText(answer["output"]);
}

export async function sessions(everyProject: boolean): Promise<readonly Session[]> {
  return readSessions(await call("GET", `v1/sessions${everyProject ? "?all_projects=1" : ""}`));
}

export async function endSession(id: string): Promise<void> {
  await call("DELETE", `v1/sessions/${encodeURIComponent(id)}`);
}

/** How Keyhole is; admins are told in sentences what does not work. */
export async function health(): Promise<Health> {
  const response = await send("GET", "readyz");
  return readHealth(await bodyOf(response));
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await send(method, path, body, headers);
  const answer = await bodyOf(response);
  if (response.ok) return answer;
  throw failureOf(response, answer);
}

async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  try {
    // The mode stays "cors": in any other, a page under `Referrer-Policy: no-referrer` sends `Origin: null`.
    return await fetch(path, {
      method,
      // Its presence is what lets the sign-in's cookie count: no page of another origin can send it.
      headers: {
        "X-Keyhole-Page": "1",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch {
    throw new CallFailed(0, "", "");
  }
}

/** The JSON object of an answer; an empty one where it is something else (no body, a proxy's error page). */
async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  try {
    return asObject(await response.json());
  } catch {
    return {};
  }
}

/** A problem (RFC 9457) of /v1, or a fault of the compute API: {"<fault>": {"code", "message"}}. */
function failureOf(response: Response, answer: Record<string, unknown>): CallFailed {
  const fault = asObject(Object.values(answer)[0]);
  const sentence = asText(answer["detail"]) || asText(fault["message"]);
  const wait = Number(response.headers.get("Retry-After"));
  return new CallFailed(response.status, asText(answer["reason"]), sentence, Number.isFinite(wait) ? wait : 0);
}
