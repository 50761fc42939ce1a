import assert from "node:assert/strict";
import { test } from "node:test";
import {
  filtered,
  HEALTHY,
  readHealth,
  readPerson,
  readServers,
  readSessions,
  tellsHosts,
} from "../../src/dashboard/model.ts";

const answer = (...servers: object[]): Record<string, unknown> => ({ servers });

test("a server is read with what is known of it", () => {
  const entry = {
    id: "id-1",
    name: "vm1",
    status: "ACTIVE",
    project: { id: "p", name: "lab" },
    host: "h1",
    consoles: ["serial", "vnc"],
    console_log: true,
    last_opened: { user: "alice", at: "2026-01-02T03:04:05Z" },
  };
  const { servers, next } = readServers({ ...answer(entry), next_marker: "id-1" });
  assert.equal(next, "id-1");
  const server = servers[0]!;
  assert.deepEqual([server.id, server.name, server.project, server.host], ["id-1", "vm1", "lab", "h1"]);
  assert.equal(server.lastOpened?.by, "alice");
  assert.equal(server.lastOpened?.at?.getTime(), Date.UTC(2026, 0, 2, 3, 4, 5));
});

test("what is missing or of another type becomes empty and breaks nothing", () => {
  for (const strange of [{}, answer({}), answer({ name: 5, consoles: "vnc", last_opened: [] }), { servers: "none" }]) {
    for (const server of readServers(strange).servers) assert.deepEqual(server.consoles, []);
  }
  assert.deepEqual(readPerson({}), { user: "", project: "", roles: [] });
  assert.deepEqual(readSessions({ sessions: [null] })[0]?.openedAt, null);
});

test("a name cannot hide or reverse the text around it", () => {
  const { servers } = readServers(answer({ id: "a", name: "vm\u202e1\n2" }));
  assert.equal(servers[0]?.name, "vm 1 2");
});

test("a filter wants every one of its words, in any case and any field", () => {
  const { servers } = readServers(
    answer(
      { id: "1", name: "Web-1", host: "rack-7" },
      { id: "2", name: "web-2", host: "rack-8" },
      { id: "3", name: "db" },
    ),
  );
  const names = (filter: string): string[] => filtered(servers, filter).map((server) => server.name);
  assert.deepEqual(names("WEB"), ["Web-1", "web-2"]);
  assert.deepEqual(names("web rack-8"), ["web-2"]);
  assert.deepEqual(names("  "), ["Web-1", "web-2", "db"]);
  assert.deepEqual(names("nothing"), []);
});

test("there are hosts to show where one server has one", () => {
  const one = readServers(answer({ id: "1", host: "rack-7" }, { id: "2", host: "" })).servers;
  const none = readServers(answer({ id: "1" }, { id: "2", host: "" })).servers;
  assert.deepEqual([tellsHosts(one), tellsHosts(none), tellsHosts([])], [true, false, false]);
});

test("ten thousand servers are filtered within a frame or two", () => {
  const many = answer(...Array.from({ length: 10_000 }, (_, index) => ({ id: `id-${index}`, name: `vm-${index}` })));
  const { servers } = readServers(many);
  assert.equal(filtered(servers, "vm-99 id-999").length, 11);
});

test("how Keyhole is: numbers for everybody, sentences where they are told", () => {
  const parts = { store: 0, identity: 1, drivers: { qemu: 1, static: 1 } };
  assert.deepEqual(readHealth({ ready: false, parts }), { ready: false, count: 3, problems: [] });
  const problems = [{ part: "qemu", sentence: "no\u202esockets" }, { part: 7 }];
  assert.deepEqual(readHealth({ ready: true, parts, problems }), {
    ready: true,
    count: 3,
    problems: [
      { part: "qemu", sentence: "no sockets" },
      { part: "", sentence: "" },
    ],
  });
  assert.deepEqual(readHealth({ ready: true, parts: { store: 0, identity: 0, drivers: {}, background: 2 } }), {
    ready: true,
    count: 2,
    problems: [],
  });
  assert.deepEqual(readHealth({}), HEALTHY);
});
