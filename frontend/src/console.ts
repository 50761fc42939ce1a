/** The console page: puts its parts together. Facts flow one way: flow -> state -> what is shown and spoken. */

import "./styles/tokens.css";
import "./styles/console.css";
import "./styles/panels.css";
import { takeToken } from "./address.ts";
import { Bar } from "./bar.ts";
import { Card } from "./card.ts";
import { ConsoleFlow } from "./console_flow.ts";
import { byId } from "./elements.ts";
import { Foot } from "./foot.ts";
import { FullScreen } from "./full_screen.ts";
import { KeysPanel } from "./keys_panel.ts";
import { MorePanel } from "./more_panel.ts";
import { PastePanel } from "./paste_panel.ts";
import { loadPreferences, savePreferences, type Preferences } from "./preferences.ts";
import { RemoteScreen } from "./remote_screen.ts";
import { download, screenshotName } from "./screenshot.ts";
import { StageFocus } from "./stage_focus.ts";
import { INITIAL, next, type Fact, type State } from "./state.ts";
import { ViewPanel } from "./view_panel.ts";
import { cardOf, nameOf, spokenOf } from "./words.ts";

const root = document.documentElement;
const stage = byId("stage", HTMLElement);
let state: State = INITIAL;
let preferences = loadPreferences();

const token = takeToken(new URL(location.href), history);
const screen = new RemoteScreen(stage, byId("frame", HTMLElement), {
  opened: (size) => flow.opened(size),
  resized: (size) => flow.resized(size),
  gaveUp: (detail) => flow.gaveUp(detail),
});
const flow = new ConsoleFlow(token ?? "", screen, tell);

const bar = new Bar();
const foot = new Foot();
const card = new Card({ again: () => void flow.open(), cancel: () => flow.close() });
const keysPanel = new KeysPanel(bar.keys, screen, (chord) => {
  screen.focus();
  foot.show(`Sent ${chord.name}`);
});
const pastePanel = new PastePanel(bar.paste, screen, (sentence) => {
  screen.focus();
  foot.show(sentence);
});
const viewPanel = new ViewPanel(bar.view, preferences, choose);
const morePanel = new MorePanel(bar.more, preferences.leaveKey, (leaveKey) => choose({ leaveKey }), () => flow.close());
const popovers = [keysPanel, pastePanel, viewPanel, morePanel].map((panel) => panel.popover);
const stageFocus = new StageFocus(stage, screen, preferences.leaveKey, () => {
  bar.keys.focus();
  foot.say("You are in the bar. Tab moves on; the screen comes after the last button.");
});
const fullScreen = new FullScreen(bar.fullScreen, stage, (keysLocked) => {
  foot.show(keysLocked ? "Full screen. Every key goes to the server; hold Esc to come back." : "Full screen. Esc comes back.");
});
bar.fullScreen.addEventListener("click", () => void fullScreen.toggle().then(() => screen.focus()));
bar.screenshot.addEventListener("click", () => void takeScreenshot());
byId("skip-screen", HTMLElement).addEventListener("click", (event) => {
  event.preventDefault();
  byId("foot", HTMLElement).focus();
});

/** A fact came in: the next state, and everything that shows it. */
function tell(fact: Fact): void {
  const before = state;
  state = next(state, fact);
  if (state !== before) show(before);
}

function show(before: State): void {
  root.dataset["state"] = state.name;
  if (state.name === "ended") root.dataset["reason"] = state.ending.reason;
  else delete root.dataset["reason"];
  bar.show(state);
  morePanel.show(state);
  card.show(cardOf(state));
  const spoken = spokenOf(before, state);
  if (spoken) foot.say(spoken);
  if (state.name !== before.name) entered(state);
}

/** What happens once on entering a state. */
function entered(now: State): void {
  if (now.name === "connected") {
    describeScreen();
    if (!popovers.some((popover) => popover.dialog.open)) screen.focus();
    foot.show(`${preferences.leaveKey} leaves the screen`);
  } else if (now.name === "ended") {
    const hadKeys = screen.hasFocus || document.activeElement === document.body;
    for (const popover of popovers) popover.close();
    foot.clear();
    screen.freeze();
    if (hadKeys) card.focus();
  }
}

function choose(changed: Partial<Preferences>): void {
  preferences = { ...preferences, ...changed };
  savePreferences(preferences);
  apply();
}

function apply(): void {
  root.dataset["theme"] = preferences.theme;
  screen.setScaling(preferences.scaling);
  stageFocus.setLeaveKey(preferences.leaveKey);
  describeScreen();
  for (const hint of document.querySelectorAll(".leave-key-name")) hint.textContent = preferences.leaveKey;
}

function describeScreen(): void {
  screen.describe(`Screen of ${nameOf(state.link)}. Every key goes to the server; ${preferences.leaveKey} leaves.`);
}

async function takeScreenshot(): Promise<void> {
  const picture = await screen.picture();
  if (picture === null) return;
  const name = screenshotName(nameOf(state.link), new Date());
  download(picture, name);
  screen.focus();
  foot.show(`Saved ${name}`);
}

apply();
show(INITIAL);
if (token === null) tell({ type: "ended", ending: { reason: "token_missing" } });
else void flow.open();
