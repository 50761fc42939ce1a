import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, spokenOf, titleOf } from "../src/words.ts";
import { INITIAL, type Ended, type Opening, type State } from "../src/state.ts";

const LINK = { serverId: "1", serverName: "vm1", consoleType: "novnc", protocol: "vnc", expiresAt: null, reusable: false };
const OPENING: Opening = { ...INITIAL, link: LINK, step: "host" };
const CONNECTED: State = { name: "connected", link: LINK, size: { width: 1024, height: 768 } };
const ENDED: Ended = { name: "ended", link: LINK, ending: { reason: "target_unreachable", detail: "no answer" }, opened: false, again: true };

test("opening names the server and the step, and offers to give up once it is slow", () => {
  assert.deepEqual(cardOf(OPENING)?.title, "Opening the console of vm1");
  assert.deepEqual(cardOf(OPENING)?.says, "Reaching the host");
  assert.deepEqual(cardOf(OPENING)?.offers, []);
  assert.deepEqual(cardOf({ ...OPENING, slow: true })?.offers, ["cancel"]);
});

test("an ending shows the vocabulary's words, its name and the server's detail", () => {
  const card = cardOf(ENDED);
  assert.equal(card?.title, "The server's console does not answer");
  assert.equal(card?.says, "The host did not answer in time. The server may be off or moving. Try again in a moment.");
  assert.equal(card?.reason, "target_unreachable");
  assert.equal(card?.detail, "no answer");
  assert.deepEqual(card?.offers, ["again"]);
});

test("no ending sends the person to a new link that would be refused as well", () => {
  const offers = (reason: "token_used" | "origin_refused"): unknown => cardOf({ ...ENDED, again: false, ending: { reason } })?.offers;
  assert.deepEqual(offers("token_used"), ["how_to"]);
  assert.deepEqual(offers("origin_refused"), []);
});

test("a connected console has no card and is announced once, with its size", () => {
  assert.equal(cardOf(CONNECTED), null);
  assert.equal(spokenOf(OPENING, CONNECTED), "Connected to vm1, 1024 by 768");
  assert.equal(spokenOf(CONNECTED, { ...CONNECTED }), null);
  assert.equal(spokenOf(CONNECTED, { ...CONNECTED, size: { width: 640, height: 480 } }), "The screen is now 640 by 480");
});

test("the window is called after the server", () => {
  assert.equal(titleOf(LINK), "vm1 - console - Keyhole");
});
