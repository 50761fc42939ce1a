/** What the dashboard shows, read from answers. All text in it is foreign: made one bounded line each. Pure. */

import { oneLine } from "../core/sanitize.ts";
import { asDate, asList, asObject, asText } from "../core/json.ts";

const NAME_LIMIT = 255;
const SENTENCE_LIMIT = 400;

export interface Person {
  readonly user: string;
  readonly project: string;
  readonly roles: readonly string[];
}

export interface LastOpened {
  readonly by: string;
  readonly at: Date | null;
}

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly host: string;
  /** The Compute API's status: ACTIVE, SHUTOFF, ... */
  readonly status: string;
  /** The protocols of the consoles that it offers. */
  readonly consoles: readonly string[];
  readonly keepsLog: boolean;
  readonly lastOpened: LastOpened | null;
  /** What the filter looks in. */
  readonly searchText: string;
}

export interface Session {
  readonly id: string;
  readonly server: string;
  readonly protocol: string;
  readonly user: string;
  readonly openedAt: Date | null;
}

/** Something that does not work as it should. */
export interface Problem {
  /** `store`, `identity`, or the name of a driver. */
  readonly part: string;
  readonly sentence: string;
}

/** How Keyhole is. */
export interface Health {
  readonly ready: boolean;
  readonly count: number;
  /** Told to admins only. */
  readonly problems: readonly Problem[];
}

export const HEALTHY: Health = { ready: true, count: 0, problems: [] };

export function readPerson(answer: Record<string, unknown>): Person {
  return {
    user: nameOf(answer["user"]),
    project: nameOf(answer["project"]),
    roles: asList(answer["roles"]).map(asText),
  };
}

export function isAdmin(person: Person): boolean {
  return person.roles.includes("admin");
}

export function mayOpen(person: Person): boolean {
  return isAdmin(person) || person.roles.includes("member");
}

/** One page of servers, and the marker of the next one (empty: there is none). */
export function readServers(answer: Record<string, unknown>): {
  readonly servers: readonly Server[];
  readonly next: string;
} {
  return {
    servers: asList(answer["servers"]).map((server) => readServer(asObject(server))),
    next: asText(answer["next_marker"]),
  };
}

function readServer(entry: Record<string, unknown>): Server {
  const id = name(entry["id"]);
  const facts = {
    id,
    name: name(entry["name"]) || id,
    project: nameOf(entry["project"]),
    host: name(entry["host"]),
    status: name(entry["status"]),
    consoles: asList(entry["consoles"]).map(asText),
    keepsLog: entry["console_log"] === true,
    lastOpened: readLastOpened(entry["last_opened"]),
  };
  return {
    ...facts,
    searchText: [facts.name, id, facts.project, facts.host, facts.status].join("\n").toLocaleLowerCase(),
  };
}

function readLastOpened(value: unknown): LastOpened | null {
  const entry = asObject(value);
  const by = name(entry["user"]);
  return by ? { by, at: asDate(entry["at"]) } : null;
}

export function readSessions(answer: Record<string, unknown>): readonly Session[] {
  return asList(answer["sessions"]).map((value) => {
    const entry = asObject(value);
    return {
      id: name(entry["id"]),
      server: nameOf(entry["server"]),
      protocol: name(entry["protocol"]),
      user: nameOf(entry["user"]),
      openedAt: asDate(entry["opened_at"]),
    };
  });
}

/** {"ready", "parts": {"store": 0, "identity": 0, "drivers": {"qemu": 2}}}; for admins also "problems": [{"part", "sentence"}] */
export function readHealth(answer: Record<string, unknown>): Health {
  const { drivers, ...others } = asObject(answer["parts"]);
  const counts = [...Object.values(others), ...Object.values(asObject(drivers))].filter(
    (count) => typeof count === "number",
  );
  const problems = asList(answer["problems"]).map((value) => {
    const { part, sentence } = asObject(value);
    return { part: name(part), sentence: oneLine(sentence, SENTENCE_LIMIT) };
  });
  const count = counts.reduce((sum, each) => sum + each, 0);
  return { ready: answer["ready"] !== false, count: Math.max(count, problems.length), problems };
}

/** Whether the host of any server is told; only admins are. */
export function tellsHosts(servers: readonly Server[]): boolean {
  return servers.some((server) => server.host !== "");
}

/** The servers in which every word of the filter is found. */
export function filtered(servers: readonly Server[], filter: string): readonly Server[] {
  const words = filter.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0
    ? servers
    : servers.filter((server) => words.every((word) => server.searchText.includes(word)));
}

function name(value: unknown): string {
  return oneLine(value, NAME_LIMIT);
}

/** A name that stands alone or in an object with its id. */
function nameOf(value: unknown): string {
  const entry = asObject(value);
  return name(value) || name(entry["name"]) || name(entry["id"]);
}
