import assert from "node:assert/strict";
import { test } from "node:test";
import { Texts } from "../src/i18n/texts.ts";
import { stateWordsOf, rateOf, spokenOf, titleOf } from "../src/element/words.ts";
import { INITIAL, type Ended, type Opening, type State } from "../src/session/state.ts";

const LINK = {
  serverId: "1",
  serverName: "vm1",
  consoleType: "novnc",
  protocol: "vnc",
  expiresAt: null,
  reusable: false,
  console: null,
  watching: false,
};
const EN = new Texts("en");
const OPENING: Opening = { ...INITIAL, link: LINK, step: "host" };
const CONNECTED: State = { name: "connected", link: LINK, size: { width: 1024, height: 768 } };
const ENDED: Ended = {
  name: "ended",
  link: LINK,
  ending: { reason: "target_unreachable", detail: "no answer" },
  opened: false,
  again: true,
};

test("opening names the server and the step, and offers to give up once it is slow", () => {
  assert.deepEqual(stateWordsOf(OPENING, EN)?.title, "Opening the console of vm1");
  assert.deepEqual(stateWordsOf(OPENING, EN)?.says, "Connecting to the server's host");
  assert.deepEqual(stateWordsOf(OPENING, EN)?.offers, []);
  assert.deepEqual(stateWordsOf({ ...OPENING, slow: true }, EN)?.offers, ["cancel"]);
});

test("an ending shows the vocabulary's words, its name and the server's detail", () => {
  const card = stateWordsOf(ENDED, EN);
  assert.equal(card?.title, "The server's console does not answer");
  assert.equal(card?.says, "The host did not answer in time. The server may be off or moving. Try again in a moment.");
  assert.equal(card?.reason, "target_unreachable");
  assert.equal(card?.detail, "no answer");
  assert.deepEqual(card?.offers, ["again", "servers"]);
});

test("no ending sends the person to a new link that would be refused as well", () => {
  const offers = (reason: "token_used" | "origin_refused"): unknown =>
    stateWordsOf({ ...ENDED, again: false, ending: { reason } }, EN)?.offers;
  assert.deepEqual(offers("token_used"), ["how_to"]);
  assert.deepEqual(offers("origin_refused"), []);
});

test("a connected console has no card and is announced once, with its size", () => {
  assert.equal(stateWordsOf(CONNECTED, EN), null);
  assert.equal(spokenOf(OPENING, CONNECTED, EN), "Connected to vm1, 1024 by 768");
  assert.equal(spokenOf(CONNECTED, { ...CONNECTED }, EN), null);
  assert.equal(
    spokenOf(CONNECTED, { ...CONNECTED, size: { width: 640, height: 480 } }, EN),
    "The screen is now 640 by 480",
  );
});

test("the window is called after the server", () => {
  assert.equal(titleOf(LINK, EN), "vm1 - console - Keyhole");
});

test("a console that comes back says what it was, the attempt and the pause, and offers both ways out", () => {
  const state: State = {
    name: "reconnecting",
    link: LINK,
    ending: { reason: "restarting" },
    attempt: 3,
    pauseMs: 3_400,
  };
  const card = stateWordsOf(state, EN);
  assert.equal(card?.title, "Connection lost. Reconnecting…");
  assert.equal(card?.says, "The service is restarting and will be back in a moment.");
  assert.equal(card?.progress, "Next attempt (3) in 4 seconds.");
  assert.deepEqual(card?.offers, ["now", "stop"]);
  assert.equal(stateWordsOf({ ...state, pauseMs: 0 }, EN)?.progress, "Trying again (attempt 3)…");
  assert.match(spokenOf(CONNECTED, state, EN) ?? "", /^Connection lost\. Reconnecting… /);
  assert.equal(spokenOf(state, { ...state, attempt: 4 }, EN), null);
});

test("who only watches hears so, and a terminal is measured in columns and rows", () => {
  const link = { ...LINK, protocol: "serial", watching: true };
  const state: State = { name: "connected", link, size: { width: 80, height: 24 } };
  assert.equal(
    spokenOf(OPENING, state, EN),
    "Connected to vm1, 80 columns, 24 rows. View only: your keyboard and mouse are not sent.",
  );
});

test("a rate is short", () => {
  assert.equal(rateOf(1_234, EN), "1.2 kB/s");
  assert.equal(rateOf(345_678, EN), "346 kB/s");
  assert.equal(rateOf(12_345_678, EN), "12 MB/s");
});
