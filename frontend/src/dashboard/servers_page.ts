/** What a person sees who is signed in: Keyhole's health, the tools over the table, the table or what stands for it, open consoles. */

import { html, nothing, type TemplateResult } from "lit";
import { healthView } from "./health_view.ts";
import { filtered, isAdmin, mayOpen, type Person, type Server } from "./model.ts";
import { sessionsView, type SessionsActions } from "./sessions_view.ts";
import type { State } from "./state.ts";
import type { Texts } from "./texts.ts";

export interface PageActions {
  readonly signOut: () => void;
  readonly refresh: () => void;
  readonly filter: (filter: string) => void;
  readonly keyInFilter: (event: KeyboardEvent) => void;
  readonly everyProject: (everyProject: boolean) => void;
  readonly showProblems: () => void;
  readonly sessions: SessionsActions;
}

/** `table` draws the servers that the filter leaves over. */
export function serversPage(
  texts: Texts,
  state: State,
  person: Person,
  table: (servers: readonly Server[]) => TemplateResult,
  actions: PageActions,
): TemplateResult {
  const found = filtered(state.servers, state.filter);
  return html`
    <div class="person">
      <span>${texts.text("sign_in.as", { user: person.user, project: person.project })}</span>
      <button class="button" id="sign-out" @click=${actions.signOut}>${texts.text("sign_in.out")}</button>
    </div>
    <div class="columns-of-page">
      <section class="servers" aria-labelledby="servers-title">
        <div class="title-row">
          <h2 id="servers-title">${texts.text("servers.title")}</h2>
          ${healthView(texts, state.health, isAdmin(person), actions.showProblems)}
        </div>
        ${toolsView(texts, state, person, found.length, actions)}
        ${state.failure ? failureView(texts, state.failure, actions.refresh) : nothing}
        ${state.loaded || !state.failure ? serversOrNone(texts, state, person, found, table) : nothing}
      </section>
      ${sessionsView(texts, state.sessions, state.asked, mayOpen(person), new Date(), actions.sessions)}
    </div>
  `;
}

function toolsView(texts: Texts, state: State, person: Person, found: number, actions: PageActions): TemplateResult {
  const count = state.servers.length;
  const inputOf = (event: Event): HTMLInputElement => event.currentTarget as HTMLInputElement;
  return html`
    <div class="tools">
      <input
        id="filter"
        type="search"
        aria-label=${texts.text("servers.filter")}
        placeholder=${texts.text("servers.filter")}
        .value=${state.filter}
        @input=${(event: Event) => actions.filter(inputOf(event).value)}
        @keydown=${actions.keyInFilter}
      />
      <span class="muted" id="count" role="status">
        ${state.filter ? texts.text("servers.found", { count: count, found }) : texts.text("servers.count", { count })}
      </span>
      ${
        isAdmin(person)
          ? html`<label class="check">
              <input
                id="every-project"
                type="checkbox"
                .checked=${state.everyProject}
                @change=${(event: Event) => actions.everyProject(inputOf(event).checked)}
              />
              ${texts.text("servers.every_project")}
            </label>`
          : nothing
      }
      <button class="button" id="refresh" @click=${actions.refresh}>${texts.text("servers.refresh")}</button>
    </div>
  `;
}

function serversOrNone(
  texts: Texts,
  state: State,
  person: Person,
  found: readonly Server[],
  table: (servers: readonly Server[]) => TemplateResult,
): TemplateResult {
  if (!state.loaded) return html`<p class="muted">${texts.text("page.loading")}</p>`;
  if (state.servers.length === 0) return emptyView(texts, person);
  if (found.length === 0)
    return html`<p class="muted">${texts.text("servers.none_found", { filter: state.filter })}</p>`;
  return table(found);
}

function emptyView(texts: Texts, { project }: Person): TemplateResult {
  return html`
    <div class="empty">
      <h3>${texts.text("empty.title")}</h3>
      <p>${texts.text("empty.static")}</p>
      <pre tabindex="0"><code>[[servers]]
id = "11111111-2222-3333-4444-555555555555"
name = "vm1"
project = "${project}"
vnc = { url = "tcp://127.0.0.1:5901" }</code></pre>
      <p>${texts.text("empty.qemu")}</p>
      <pre tabindex="0"><code>[drivers.qemu]
sockets = "/run/qemu/*.qmp"</code></pre>
    </div>
  `;
}

export function failureView(texts: Texts, sentence: string, again: () => void): TemplateResult {
  return html`
    <div class="failure" role="alert">
      <p>${sentence}</p>
      <button class="button" @click=${again}>${texts.text("call.again")}</button>
    </div>
  `;
}
