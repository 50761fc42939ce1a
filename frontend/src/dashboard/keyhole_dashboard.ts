/**
 * `<keyhole-dashboard>`: the servers and their consoles as an element. Facts flow one way: an answer or an act changes the
 * state, the state is drawn. It draws into the document rather than a shadow, where password managers find the form.
 */

import { html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { languageEvent } from "../element/events.ts";
import { loadPreferences, savePreferences } from "../element/preferences.ts";
import { StatusLine } from "../element/status_line.ts";
import { chooseLanguage, type Language } from "../i18n/languages.ts";
import { Account } from "./account.ts";
import { here } from "./address.ts";
import * as api from "./api.ts";
import { CommandsDialog } from "./commands_dialog.ts";
import type { ConsoleKind } from "./consoles.ts";
import type { DashboardHost } from "./dashboard_host.ts";
import { guideView } from "./guide_view.ts";
import { Listing } from "./listing.ts";
import { LogDialog } from "./log_dialog.ts";
import { mayOpen, tellsHosts, type Person, type Server, type Session } from "./model.ts";
import { ProblemsDialog } from "./problems_dialog.ts";
import { sentenceOf } from "./sentences.ts";
import { ServersGrid } from "./servers_grid.ts";
import { failureView, serversPage } from "./servers_page.ts";
import { signInView } from "./sign_in_view.ts";
import { INITIAL, type State } from "./state.ts";
import { loadTexts, Texts } from "./texts.ts";

export class KeyholeDashboard extends LitElement implements DashboardHost {
  static override properties = { texts: { state: true }, state: { state: true } };

  declare texts: Texts;
  declare state: State;

  private readonly statusLine = new StatusLine(this);
  private readonly account = new Account(this, {
    entered: () => void this.entered(),
    left: () => void this.left(),
  });
  private readonly listing = new Listing(this, (error) => this.account.isOver(error));
  private readonly logDialog = new LogDialog(this);
  private readonly commandsDialog = new CommandsDialog(this, (sentence) => this.statusLine.show(sentence));
  private readonly problemsDialog = new ProblemsDialog(this);
  private readonly grid = new ServersGrid(this, {
    open: (server, kind, ownWindow) => void this.open(server, kind, ownWindow),
    showLog: (server) => void this.logDialog.open(server),
    showCommands: (server) => void this.commandsDialog.open(server),
    type: (character) => this.typeInFilter(character),
    noConsole: (server) => this.statusLine.show(this.noConsole(server)),
  });

  constructor() {
    super();
    this.texts = new Texts("en");
    this.state = INITIAL;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.chooseTexts().then(() => this.account.start());
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("state");
    if (changed.has("state") && before?.phase !== this.state.phase) {
      this.dispatchEvent(new CustomEvent("keyhole-phase", { detail: { phase: this.state.phase } }));
    }
  }

  change(changed: Partial<State>): void {
    this.state = { ...this.state, ...changed };
  }

  private async entered(): Promise<void> {
    await this.updateComplete;
    this.field("filter")?.focus();
    await this.listing.refresh();
  }

  private async left(): Promise<void> {
    this.listing.forget();
    for (const dialog of [this.logDialog, this.commandsDialog, this.problemsDialog]) dialog.close();
    await this.updateComplete;
    this.field("user")?.focus();
  }

  private async signOut(): Promise<void> {
    const failure = await this.account.signOut();
    if (failure) this.statusLine.keep(failure);
  }

  private async open(server: Server, kind: ConsoleKind, ownWindow: boolean): Promise<void> {
    // The window has to be opened while the browser still sees the person's own act.
    const target = ownWindow ? window.open("", "_blank") : window;
    if (target === null) return this.statusLine.keep(this.texts.text("servers.window_blocked"));
    this.statusLine.show(this.texts.text("servers.opening", { name: server.name }));
    try {
      const address = await api.consoleOf(server.id, kind);
      if (ownWindow) target.opener = null;
      target.location.href = address;
      if (ownWindow) this.statusLine.show(this.texts.text("servers.opened_window", { name: server.name }));
    } catch (error) {
      if (ownWindow) target.close();
      this.failed(error);
    }
  }

  private async end(session: Session): Promise<void> {
    try {
      await api.endSession(session.id);
      this.statusLine.show(this.texts.text("sessions.ended", { name: session.server }));
      this.change({ asked: "", sessions: this.state.sessions.filter(({ id }) => id !== session.id) });
    } catch (error) {
      this.failed(error);
    }
  }

  /** Why Enter opens nothing there. */
  private noConsole(server: Server): string {
    const { person } = this.state;
    if (person && !mayOpen(person)) return this.texts.text("servers.may_not_open", { role: person.roles.join(", ") });
    return this.texts.text("servers.no_console", { name: server.name });
  }

  /** What did not work stays to be read until there is something else to say. */
  private failed(error: unknown): void {
    if (!this.account.isOver(error)) this.statusLine.keep(sentenceOf(this.texts, error));
  }

  private setFilter(filter: string): void {
    this.grid.filtered();
    this.change({ filter });
  }

  /** A letter typed in the table belongs to the filter. */
  private typeInFilter(character: string): void {
    this.field("filter")?.focus();
    this.setFilter(this.state.filter + character);
  }

  private setEveryProject(everyProject: boolean): void {
    this.change({ everyProject, loaded: false });
    void this.listing.refresh();
  }

  private async chooseTexts(): Promise<void> {
    this.texts = await loadTexts(chooseLanguage([loadPreferences().language, ...navigator.languages].filter(Boolean)));
    this.dispatchEvent(languageEvent(this.texts.language));
  }

  /** The console's pages keep to this choice as well. */
  private chooseLanguage(language: Language | ""): void {
    savePreferences({ ...loadPreferences(), language });
    void this.chooseTexts();
  }

  private field(id: "filter" | "user"): HTMLInputElement | null {
    return this.querySelector(`#${id}`);
  }

  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <a id="skip" class="skip" href="#dashboard">${texts.text("page.skip")}</a>
      <main id="dashboard" tabindex="-1">${this.content()}</main>
      <footer id="guide">
        ${guideView(texts, here(), loadPreferences().language, (language) => this.chooseLanguage(language))}
      </footer>
      <p id="spoken" class="foot" role="status">${this.statusLine.text}</p>
      ${this.logDialog.render()} ${this.commandsDialog.render()} ${this.problemsDialog.render()}
    `;
  }

  private content(): TemplateResult {
    const { texts, state } = this;
    switch (state.phase) {
      case "loading":
        return html`<p class="muted">${texts.text("page.loading")}</p>`;
      case "unreachable":
        return failureView(texts, texts.text("call.unreachable"), () => void this.account.start());
      case "signed_out":
        return signInView(
          texts,
          state.signIn,
          (user, password, project) => void this.account.signIn(user, password, project),
        );
      case "signed_in":
        return this.signedIn(state.person as Person);
    }
  }

  private signedIn(person: Person): TemplateResult {
    const { texts, state } = this;
    return serversPage(
      texts,
      state,
      person,
      (servers) => this.grid.render(servers, mayOpen(person), tellsHosts(state.servers)),
      {
        signOut: () => void this.signOut(),
        refresh: () => void this.listing.refresh(),
        filter: (filter) => this.setFilter(filter),
        keyInFilter: (event) => this.grid.keyInFilter(event),
        everyProject: (everyProject) => this.setEveryProject(everyProject),
        showProblems: () => void this.problemsDialog.open(),
        sessions: {
          ask: (session) => this.change({ asked: session?.id ?? "" }),
          end: (session) => void this.end(session),
        },
      },
    );
  }
}

customElements.define("keyhole-dashboard", KeyholeDashboard);
