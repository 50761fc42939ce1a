import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link } from "../src/session/link.ts";
import type { ReasonName } from "../src/core/reasons.ts";
import { INITIAL, next, type Fact, type State } from "../src/session/state.ts";

const LINK: Link = {
  serverId: "1",
  serverName: "vm1",
  consoleType: "novnc",
  protocol: "vnc",
  expiresAt: null,
  reusable: false,
  console: null,
  watching: false,
};
const SIZE = { width: 1024, height: 768 };
const ended = (reason: ReasonName): Fact => ({ type: "ended", ending: { reason } });
const after = (...facts: Fact[]): State => facts.reduce<State>(next, INITIAL);

test("opening goes through its steps to the screen", () => {
  assert.deepEqual(after({ type: "link_good", link: LINK }), {
    name: "opening",
    step: "host",
    slow: false,
    link: LINK,
  });
  const opened = after({ type: "link_good", link: LINK }, { type: "host_reached" }, { type: "connected", size: SIZE });
  assert.deepEqual(opened, { name: "connected", link: LINK, size: SIZE });
});

test("a console that never opened may be tried again, unless its link is at fault", () => {
  for (const reason of ["target_unreachable", "target_refused", "viewer_lost", "limit_server"] as const) {
    const state = after({ type: "link_good", link: LINK }, ended(reason));
    assert.equal(state.name === "ended" && state.again, true, reason);
  }
  for (const reason of ["token_used", "token_expired", "token_unknown", "token_missing", "origin_refused"] as const) {
    const state = after(ended(reason));
    assert.equal(state.name === "ended" && state.again, false, reason);
  }
});

test("a console that was open is opened again only by a link that may be used again", () => {
  for (const reusable of [false, true]) {
    const link = { ...LINK, reusable };
    const state = after({ type: "link_good", link }, { type: "connected", size: SIZE }, ended("target_closed"));
    assert.equal(state.name === "ended" && state.again, reusable);
    assert.equal(state.name === "ended" && state.opened, true);
  }
});

test("the first ending stands, and what comes late changes nothing", () => {
  const state = after({ type: "link_good", link: LINK }, ended("target_unreachable"));
  const late: Fact[] = [
    ended("viewer_lost"),
    { type: "connected", size: SIZE },
    { type: "slow" },
    { type: "resized", size: SIZE },
  ];
  for (const fact of late) assert.equal(next(state, fact), state, fact.type);
  assert.equal(next(after({ type: "connected", size: SIZE }), { type: "slow" }).name, "connected");
});

test("trying again starts from the first step and keeps the server's name", () => {
  const state = after({ type: "link_good", link: LINK }, ended("target_unreachable"), { type: "started" });
  assert.deepEqual(state, { name: "opening", step: "link", slow: false, link: LINK });
});

const SESSION = { ...LINK, console: "0".repeat(32) };
const lost = (attempt: number, pauseMs: number): Fact => ({
  type: "lost",
  ending: { reason: "viewer_lost" },
  attempt,
  pauseMs,
});

test("a console that is lost comes back, attempt by attempt, to the screen", () => {
  const open: Fact[] = [
    { type: "link_good", link: SESSION },
    { type: "connected", size: SIZE },
  ];
  const waiting = after(...open, lost(1, 700));
  assert.deepEqual(waiting, {
    name: "reconnecting",
    link: SESSION,
    ending: { reason: "viewer_lost" },
    attempt: 1,
    pauseMs: 700,
  });
  const trying = next(waiting, { type: "trying" });
  assert.equal(trying.name === "reconnecting" && trying.pauseMs, 0);
  assert.equal(next(trying, { type: "host_reached" }), trying);
  assert.equal(next(trying, { type: "connected", size: SIZE }).name, "connected");
});

test("coming back that was stopped may be begun again, one that was forbidden may not", () => {
  const open: Fact[] = [{ type: "link_good", link: SESSION }, { type: "connected", size: SIZE }, lost(1, 700)];
  for (const [reason, again] of [
    ["viewer_lost", true],
    ["killed", false],
    ["idle_limit", false],
  ] as const) {
    const state = after(...open, ended(reason));
    assert.equal(state.name === "ended" && state.again, again, reason);
  }
});
