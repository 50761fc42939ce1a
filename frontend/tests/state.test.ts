import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link } from "../src/link.ts";
import type { ReasonName } from "../src/reasons.ts";
import { INITIAL, next, type Fact, type State } from "../src/state.ts";

const LINK: Link = {
  serverId: "1",
  serverName: "vm1",
  consoleType: "novnc",
  protocol: "vnc",
  expiresAt: null,
  reusable: false,
};
const SIZE = { width: 1024, height: 768 };
const ended = (reason: ReasonName): Fact => ({ type: "ended", ending: { reason } });
const after = (...facts: Fact[]): State => facts.reduce<State>(next, INITIAL);

test("opening goes through its steps to the screen", () => {
  assert.deepEqual(after({ type: "link_good", link: LINK }), { name: "opening", step: "host", slow: false, link: LINK });
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
  const late: Fact[] = [ended("viewer_lost"), { type: "connected", size: SIZE }, { type: "slow" }, { type: "resized", size: SIZE }];
  for (const fact of late) assert.equal(next(state, fact), state, fact.type);
  assert.equal(next(after({ type: "connected", size: SIZE }), { type: "slow" }).name, "connected");
});

test("trying again starts from the first step and keeps the server's name", () => {
  const state = after({ type: "link_good", link: LINK }, ended("target_unreachable"), { type: "started" });
  assert.deepEqual(state, { name: "opening", step: "link", slow: false, link: LINK });
});
