/** The dashboard: puts its parts together. Facts flow one way: an answer or an act changes the state, the state is drawn. */

import "../styles/tokens.css";
import "../styles/dashboard.css";
import { html, render, type TemplateResult } from "lit";
import { loadPreferences, savePreferences } from "../element/preferences.ts";
import { byId } from "../elements.ts";
import { chooseLanguage, type Language } from "../language/languages.ts";
import { here } from "./address.ts";
import * as api from "./api.ts";
import { CallFailed } from "./api.ts";
import { CommandsDialog } from "./commands_dialog.ts";
import type { ConsoleKind } from "./consoles.ts";
import { guideView } from "./guide_view.ts";
import { LogDialog } from "./log_dialog.ts";
import { mayOpen, tellsHosts, type Person, type Server, type Session } from "./model.ts";
import { ServersGrid } from "./servers_grid.ts";
import { failureView, serversPage } from "./servers_page.ts";
import { signInView } from "./sign_in_view.ts";
import { INITIAL, type State } from "./state.ts";
import { loadTexts, Texts } from "./texts.ts";

const SESSIONS_EVERY_MS = 5_000;
const FACT_STAYS_MS = 4_000;

let texts = new Texts("en");
let state = INITIAL;
/** Which asking for servers is the latest: what an earlier one still brings is of no use. */
let asking = 0;
/** A focus that is lost while it is drawn changes the state again; that is drawn next. */
let drawing = false;
let stale = false;
let fading: ReturnType<typeof setTimeout> | undefined;

const main = byId("dashboard", HTMLElement);
const foot = byId("guide", HTMLElement);
const spoken = byId("spoken", HTMLElement);
const logDialog = new LogDialog(byId("log", HTMLDialogElement), () => texts, sentenceOf);
const commandsDialog = new CommandsDialog(byId("commands", HTMLDialogElement), () => texts, say);
const grid = new ServersGrid(draw, {
  open: (server, kind, ownWindow) => void open(server, kind, ownWindow),
  showLog: (server) => logDialog.open(server),
  showCommands: (server) => commandsDialog.open(server),
  type: (character) => focusFilter(character),
  noConsole: (server) => say(texts.text("servers.no_console", { name: server.name })),
});

/** Changes the state and draws it. */
function change(changed: Partial<State>): void {
  state = { ...state, ...changed };
  draw();
}

function draw(): void {
  if (drawing) {
    stale = true;
    return;
  }
  drawing = true;
  document.documentElement.dataset["state"] = state.phase;
  do {
    stale = false;
    render(view(), main);
  } while (stale);
  drawing = false;
  grid.drawn();
}

function view(): TemplateResult {
  switch (state.phase) {
    case "loading":
      return html`<p class="muted">${texts.text("page.loading")}</p>`;
    case "unreachable":
      return failureView(texts, texts.text("call.unreachable"), () => void start());
    case "signed_out":
      return signInView(texts, state.signIn, (user, password, project) => void signIn(user, password, project));
    case "signed_in":
      return signedInView(state.person as Person);
  }
}

function signedInView(person: Person): TemplateResult {
  return serversPage(texts, state, person, (servers) => grid.view(texts, servers, mayOpen(person), tellsHosts(state.servers)), {
    signOut: () => void signOut(),
    refresh: () => void refresh(),
    filter: setFilter,
    keyInFilter: (event) => grid.keyInFilter(event),
    everyProject: setEveryProject,
    sessions: {
      ask: (session) => change({ asked: session?.id ?? "" }),
      end: (session) => void end(session),
    },
  });
}

async function start(): Promise<void> {
  change({ phase: "loading" });
  try {
    const person = await api.me();
    if (person) await enter(person);
    else leave("");
  } catch {
    change({ phase: "unreachable" });
  }
}

async function enter(person: Person): Promise<void> {
  change({ person, phase: "signed_in", signIn: { working: false, sentence: "" } });
  byId("filter", HTMLInputElement).focus();
  await refresh();
}

async function refresh(): Promise<void> {
  await Promise.all([loadServers(), loadSessions(), loadTroubles()]);
}

async function signIn(user: string, password: string, project: string): Promise<void> {
  change({ signIn: { working: true, sentence: "" } });
  try {
    await enter(await api.signIn(user, password, project));
  } catch (error) {
    change({ signIn: { working: false, sentence: signInSentence(error) } });
  }
}

function signInSentence(error: unknown): string {
  if (error instanceof CallFailed && error.status === 429) return texts.text("sign_in.wait", { pause: { seconds: error.retryAfterSeconds } });
  if (error instanceof CallFailed && error.status === 401) return texts.text("sign_in.refused");
  return sentenceOf(error);
}

async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch (error) {
    complain(sentenceOf(error));
    return;
  }
  leave("");
}

/** Back to the sign-in form; nothing of the person's stays on the page. */
function leave(sentence: string): void {
  logDialog.close();
  commandsDialog.close();
  asking += 1;
  change({ ...INITIAL, phase: "signed_out", signIn: { working: false, sentence } });
  byId("user", HTMLInputElement).focus();
}

async function loadServers(): Promise<void> {
  const asked = ++asking;
  change({ failure: "" });
  try {
    await api.servers(state.everyProject, (servers) => {
      if (asked === asking) change({ servers, loaded: true });
    });
  } catch (error) {
    if (asked === asking && !leftFor(error)) change({ failure: sentenceOf(error) });
  }
}

async function loadSessions(): Promise<void> {
  try {
    const sessions = await api.sessions(state.everyProject);
    if (state.phase === "signed_in") change({ sessions });
  } catch (error) {
    leftFor(error); // otherwise the next look may go better; the servers tell what is wrong
  }
}

async function loadTroubles(): Promise<void> {
  try {
    const troubles = await api.troubles();
    if (state.phase === "signed_in") change({ troubles });
  } catch {
    // The servers tell that Keyhole cannot be reached.
  }
}

async function open(server: Server, kind: ConsoleKind, ownWindow: boolean): Promise<void> {
  // The window has to be opened while the browser still sees the person's own act.
  const target = ownWindow ? window.open("", "_blank") : window;
  if (target === null) return complain(texts.text("servers.window_blocked"));
  say(texts.text("servers.opening", { name: server.name }));
  try {
    const address = await api.consoleOf(server.id, kind);
    if (ownWindow) target.opener = null;
    target.location.href = address;
    if (ownWindow) say(texts.text("servers.opened_window", { name: server.name }));
  } catch (error) {
    if (ownWindow) target.close();
    if (!leftFor(error)) complain(sentenceOf(error));
  }
}

async function end(session: Session): Promise<void> {
  try {
    await api.endSession(session.id);
    say(texts.text("sessions.ended", { name: session.server }));
    change({ asked: "", sessions: state.sessions.filter(({ id }) => id !== session.id) });
  } catch (error) {
    if (!leftFor(error)) complain(sentenceOf(error));
  }
}

/** Whether the sign-in is over, so that there is nothing more to say here. */
function leftFor(error: unknown): boolean {
  const over = error instanceof CallFailed && error.status === 401;
  if (over && state.phase === "signed_in") leave(texts.text("sign_in.ended"));
  return over;
}

function sentenceOf(error: unknown): string {
  if (error instanceof CallFailed && error.status === 0) return texts.text("call.unreachable");
  return texts.text("call.failed", { sentence: error instanceof Error ? error.message : "" });
}

function setFilter(filter: string): void {
  grid.filtered();
  change({ filter });
}

function setEveryProject(everyProject: boolean): void {
  change({ everyProject, loaded: false });
  void refresh();
}

/** A letter typed in the table belongs to the filter. */
function focusFilter(character: string): void {
  const filter = byId("filter", HTMLInputElement);
  filter.focus();
  setFilter(state.filter + character);
}

/** A passing fact at the foot, shown for a moment and spoken. */
function say(sentence: string): void {
  complain(sentence);
  fading = setTimeout(() => (spoken.textContent = ""), FACT_STAYS_MS);
}

/** What did not work stays until there is something else to say. */
function complain(sentence: string): void {
  clearTimeout(fading);
  spoken.textContent = sentence;
}

async function chooseTexts(): Promise<void> {
  texts = await loadTexts(chooseLanguage([loadPreferences().language, ...navigator.languages].filter(Boolean)));
  document.documentElement.lang = texts.language;
  document.title = texts.text("page.title");
  byId("skip", HTMLElement).textContent = texts.text("page.skip");
  drawFoot();
  draw();
}

function drawFoot(): void {
  render(guideView(texts, here(), loadPreferences().language, chooseLanguageOf), foot);
}

/** The console's pages keep to this choice as well. */
function chooseLanguageOf(language: Language | ""): void {
  savePreferences({ ...loadPreferences(), language });
  void chooseTexts();
}

setInterval(() => {
  if (state.phase === "signed_in" && !document.hidden) void loadSessions();
}, SESSIONS_EVERY_MS);
void chooseTexts().then(start);
