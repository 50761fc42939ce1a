/** The dashboard: puts its parts together. Facts flow one way: an answer or an act changes the state, the state is drawn. */

import "../styles/tokens.css";
import "../styles/dashboard.css";
import { html, nothing, render, type TemplateResult } from "lit";
import { byId } from "../elements.ts";
import * as api from "./api.ts";
import { CallFailed } from "./api.ts";
import { CommandsDialog } from "./commands_dialog.ts";
import type { ConsoleKind } from "./consoles.ts";
import { addresses } from "./guide.ts";
import { LogDialog } from "./log_dialog.ts";
import { filtered, isAdmin, mayOpen, type Person, type Server, type Session, type Trouble } from "./model.ts";
import { ServersGrid } from "./servers_grid.ts";
import { sessionsView } from "./sessions_view.ts";
import { signInView } from "./sign_in_view.ts";
import { text } from "./texts.ts";

const SESSIONS_EVERY_MS = 5_000;

interface State {
  /** null: not known yet, or nobody is signed in. */
  person: Person | null;
  phase: "loading" | "signed_out" | "signed_in" | "unreachable";
  signIn: { working: boolean; sentence: string };
  servers: readonly Server[];
  loaded: boolean;
  filter: string;
  everyProject: boolean;
  sessions: readonly Session[];
  /** The session whose end button has been pressed once. */
  asked: string;
  troubles: readonly Trouble[];
  /** Why the servers could not be had, in words. */
  failure: string;
}

const state: State = {
  person: null,
  phase: "loading",
  signIn: { working: false, sentence: "" },
  servers: [],
  loaded: false,
  filter: "",
  everyProject: false,
  sessions: [],
  asked: "",
  troubles: [],
  failure: "",
};

const main = byId("dashboard", HTMLElement);
const spoken = byId("spoken", HTMLElement);
const logDialog = new LogDialog(byId("log", HTMLDialogElement), sentenceOf);
const commandsDialog = new CommandsDialog(byId("commands", HTMLDialogElement), say);
const grid = new ServersGrid(draw, {
  open: (server, kind, ownWindow) => void open(server, kind, ownWindow),
  showLog: (server) => logDialog.open(server),
  showCommands: (server) => commandsDialog.open(server),
  type: (character) => focusFilter(character),
  noConsole: (server) => say(text("servers.no_console", { name: server.name })),
});

/** Changes the state and draws it. */
function change(changed: Partial<State>): void {
  Object.assign(state, changed);
  draw();
}

function draw(): void {
  document.documentElement.dataset["state"] = state.phase;
  render(view(), main);
  grid.drawn();
}

function view(): TemplateResult {
  switch (state.phase) {
    case "loading":
      return html`<p class="muted">${text("dashboard.loading")}</p>`;
    case "unreachable":
      return failureView(text("call.unreachable"), () => void start());
    case "signed_out":
      return signInView(state.signIn, (user, password, project) => void signIn(user, password, project));
    case "signed_in":
      return signedInView();
  }
}

function signedInView(): TemplateResult {
  const person = state.person as Person;
  const found = filtered(state.servers, state.filter);
  return html`
    <div class="person">
      <span>${text("sign_in.as", { user: person.user, project: person.project })}</span>
      <button class="button" @click=${() => void signOut()}>${text("sign_in.out")}</button>
    </div>
    ${state.troubles.map(
      ({ part, sentence }) => html`<p class="trouble"><strong>${text("servers.trouble", { part })}</strong> ${sentence}</p>`,
    )}
    <div class="columns-of-page">
      <section class="servers" aria-labelledby="servers-title">
        <h2 id="servers-title">${text("dashboard.title")}</h2>
        ${toolsView(person, found.length)}
        ${state.failure ? failureView(state.failure, () => void loadServers()) : serversOrNone(found)}
      </section>
      ${sessionsView(state.sessions, state.asked, new Date(), {
        ask: (session) => change({ asked: session?.id ?? "" }),
        end: (session) => void end(session),
      })}
    </div>
  `;
}

function toolsView(person: Person, found: number): TemplateResult {
  const count = state.servers.length;
  const inputOf = (event: Event): HTMLInputElement => event.currentTarget as HTMLInputElement;
  return html`
    <div class="tools">
      <input
        id="filter"
        type="search"
        aria-label=${text("servers.filter")}
        placeholder=${text("servers.filter")}
        .value=${state.filter}
        @input=${(event: Event) => setFilter(inputOf(event).value)}
        @keydown=${(event: KeyboardEvent) => grid.keyInFilter(event)}
      />
      <span class="muted" role="status">
        ${state.filter ? text("servers.found", { found, count }) : text("servers.count", { count })}
      </span>
      ${isAdmin(person)
        ? html`<label class="check">
            <input type="checkbox" .checked=${state.everyProject} @change=${(event: Event) => setEveryProject(inputOf(event).checked)} />
            ${text("servers.every_project")}
          </label>`
        : nothing}
      <button class="button" @click=${() => void loadServers()}>${text("servers.refresh")}</button>
    </div>
  `;
}

function serversOrNone(found: readonly Server[]): TemplateResult {
  if (!state.loaded) return html`<p class="muted">${text("dashboard.loading")}</p>`;
  if (state.servers.length === 0) return emptyView();
  if (found.length === 0) return html`<p class="muted">${text("servers.none_found", { filter: state.filter })}</p>`;
  return grid.view(found, mayOpen(state.person as Person));
}

function emptyView(): TemplateResult {
  const { project } = state.person as Person;
  return html`
    <div class="empty">
      <h3>${text("servers.empty.title")}</h3>
      <p>${text("servers.empty.static")}</p>
      <pre tabindex="0"><code>[[servers]]
id = "${crypto.randomUUID?.() ?? "11111111-2222-3333-4444-555555555555"}"
name = "vm1"
project = "${project}"
vnc = { url = "tcp://127.0.0.1:5901" }</code></pre>
      <p>${text("servers.empty.qemu")}</p>
      <pre tabindex="0"><code>[drivers.qemu]
sockets = "/run/qemu/*.qmp"</code></pre>
    </div>
  `;
}

function failureView(sentence: string, again: () => void): TemplateResult {
  return html`
    <div class="failure" role="alert">
      <p>${sentence}</p>
      <button class="button" @click=${again}>${text("call.again")}</button>
    </div>
  `;
}

async function start(): Promise<void> {
  change({ phase: "loading" });
  try {
    const person = await api.me();
    if (person) await enter(person);
    else change({ phase: "signed_out" });
  } catch {
    change({ phase: "unreachable" });
  }
}

async function enter(person: Person): Promise<void> {
  change({ person, phase: "signed_in", signIn: { working: false, sentence: "" } });
  byId("filter", HTMLInputElement).focus();
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
  if (error instanceof CallFailed && error.status === 429) return text("sign_in.wait", { seconds: error.retryAfterSeconds });
  if (error instanceof CallFailed && error.status === 401) return text("sign_in.refused");
  return sentenceOf(error);
}

async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch (error) {
    say(sentenceOf(error));
    return;
  }
  leave("");
}

/** Back to the sign-in form; nothing of the person's stays on the page. */
function leave(sentence: string): void {
  logDialog.close();
  commandsDialog.close();
  change({
    phase: "signed_out",
    person: null,
    servers: [],
    loaded: false,
    filter: "",
    sessions: [],
    troubles: [],
    failure: "",
    signIn: { working: false, sentence },
  });
}

async function loadServers(): Promise<void> {
  change({ failure: "" });
  try {
    await api.servers(state.everyProject, (servers) => change({ servers, loaded: true }));
  } catch (error) {
    if (!leftFor(error)) change({ failure: sentenceOf(error) });
  }
}

async function loadSessions(): Promise<void> {
  try {
    change({ sessions: await api.sessions() });
  } catch (error) {
    leftFor(error); // otherwise the next look may go better; the servers tell what is wrong
  }
}

async function loadTroubles(): Promise<void> {
  try {
    change({ troubles: await api.troubles() });
  } catch {
    // The servers tell that Keyhole cannot be reached.
  }
}

async function open(server: Server, kind: ConsoleKind, ownWindow: boolean): Promise<void> {
  // The window has to be opened while the browser still sees the person's own act.
  const target = ownWindow ? window.open("", "_blank") : window;
  if (target === null) return say(text("servers.window_blocked"));
  say(text("servers.opening", { name: server.name }));
  try {
    const address = await api.consoleOf(server.id, kind);
    if (ownWindow) target.opener = null;
    target.location.href = address;
    if (ownWindow) say(text("servers.opened_window", { name: server.name }));
  } catch (error) {
    if (ownWindow) target.close();
    if (!leftFor(error)) say(sentenceOf(error));
  }
}

async function end(session: Session): Promise<void> {
  try {
    await api.endSession(session.id);
    say(text("sessions.ended", { name: session.server }));
    change({ asked: "", sessions: state.sessions.filter(({ id }) => id !== session.id) });
  } catch (error) {
    if (!leftFor(error)) say(sentenceOf(error));
  }
}

/** Whether the sign-in is over, so that there is nothing more to say here. */
function leftFor(error: unknown): boolean {
  const over = error instanceof CallFailed && error.status === 401;
  if (over && state.phase === "signed_in") leave(text("sign_in.ended"));
  return over;
}

function sentenceOf(error: unknown): string {
  if (error instanceof CallFailed && error.status === 0) return text("call.unreachable");
  return text("call.failed", { sentence: error instanceof Error ? error.message : "" });
}

function setFilter(filter: string): void {
  grid.activate(0);
  change({ filter });
}

function setEveryProject(everyProject: boolean): void {
  change({ everyProject, loaded: false });
  void loadServers();
}

/** A letter typed in the table belongs to the filter. */
function focusFilter(character: string): void {
  const filter = byId("filter", HTMLInputElement);
  filter.focus();
  setFilter(state.filter + character);
}

/** A line at the foot, shown and spoken. */
function say(sentence: string): void {
  spoken.textContent = sentence;
}

addresses();
setInterval(() => {
  if (state.phase === "signed_in" && !document.hidden) void loadSessions();
}, SESSIONS_EVERY_MS);
void start();
