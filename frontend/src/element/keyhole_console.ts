/**
 * `<keyhole-console>`: a server's console as an element. Attributes say what to open, events tell what happens, methods
 * act. Facts flow one way: flow -> state -> what is shown, spoken and told. docs/reference/console-component.md is its
 * contract.
 */

import { html, LitElement, nothing, unsafeCSS, type PropertyValues, type TemplateResult } from "lit";
import { press, readChords } from "../keyboard/keys.ts";
import { layoutOf } from "../keyboard/layouts.ts";
import { planOf, type as typeKeys } from "../keyboard/typing.ts";
import { chooseLanguage } from "../language/languages.ts";
import { loadTexts, Texts } from "../language/texts.ts";
import { cardOf, nameOf, rateOf, spokenOf, consoleTypeOf } from "../language/words.ts";
import { RemoteScreen } from "../screen/remote_screen.ts";
import { download, screenshotName } from "../screen/screenshot.ts";
import type { Screen, ScreenListener } from "../screen/screen.ts";
import { TerminalScreen } from "../screen/terminal_screen.ts";
import { isConsoleId, type Access } from "../session/access.ts";
import { ConsoleFlow, type Viewer } from "../session/console_flow.ts";
import type { Protocol } from "../session/link.ts";
import type { ReasonName } from "../session/reasons.ts";
import { INITIAL, next, type Fact, type State } from "../session/state.ts";
import consoleStyle from "../styles/console.css?inline";
import panelStyle from "../styles/panels.css?inline";
import tokenStyle from "../styles/tokens.css?inline";
import { card } from "./card.ts";
import { mayType, type Desk } from "./desk.ts";
import { FindBar } from "./find_bar.ts";
import { Foot } from "./foot.ts";
import { FullScreen } from "./full_screen.ts";
import { icon } from "./icons.ts";
import { LineMeter } from "./line_meter.ts";
import { KeysPanel } from "./panels/keys_panel.ts";
import { MorePanel } from "./panels/more_panel.ts";
import { PastePanel } from "./panels/paste_panel.ts";
import { ViewPanel } from "./panels/view_panel.ts";
import { loadPreferences, savePreferences, type Preferences } from "./preferences.ts";
import { StageFocus } from "./stage_focus.ts";
import { TouchKeyboard } from "./touch_keyboard.ts";
import { Wake } from "./wake.ts";

/** `detail` of the event `keyhole-state`. */
export interface StateDetail {
  readonly state: State["name"];
  /** Why it is lost or has ended; null while all is well. */
  readonly reason: ReasonName | null;
  /** The attempt to come back, from 1; 0 otherwise. */
  readonly attempt: number;
  /** The server's name; empty while it is not known. */
  readonly server: string;
  /** Known once the console can be come back to without a token: give it as the attribute `console`. */
  readonly console: string | null;
}

export class KeyholeConsole extends LitElement implements Desk {
  static override properties = {
    base: { type: String },
    token: { type: String },
    console: { type: String },
    type: { type: String },
    lang: { type: String },
    texts: { state: true },
    state: { state: true },
    preferences: { state: true },
  };
  static override styles = [tokenStyle, consoleStyle, panelStyle].map((style) => unsafeCSS(style));

  /** Where Keyhole is; the page's own origin when empty. */
  declare base: string;
  /** A link's token, or ... */
  declare token: string;
  /** ... the id of an open session. */
  declare console: string;
  /** What to expect before the answer is there: `vnc` or `serial`. */
  declare type: Protocol;
  declare texts: Texts;
  declare state: State;
  declare preferences: Preferences;

  private flow: ConsoleFlow | null = null;
  private readonly frame = document.createElement("div");
  private readonly spoken = document.createElement("p");
  private readonly screens = {} as { vnc: RemoteScreen; serial: TerminalScreen };
  private stageFocus: StageFocus | null = null;
  private readonly foot = new Foot(this);
  private readonly meter = new LineMeter(this);
  private readonly keysPanel = new KeysPanel(this);
  private readonly pastePanel = new PastePanel(this);
  private readonly viewPanel = new ViewPanel(this, (on) => this.toggleAttribute("moving", on));
  private readonly morePanel = new MorePanel(this, () => this.disconnect());
  private readonly findBar = new FindBar(this);
  private readonly touchKeyboard = new TouchKeyboard(this);
  private readonly fullScreen = new FullScreen(this, (keysLocked) => {
    this.note(this.texts.text(keysLocked ? "full_screen.locked" : "full_screen.open"));
  });

  constructor() {
    super();
    this.base = "";
    this.token = "";
    this.console = "";
    this.type = "vnc";
    this.texts = new Texts("en");
    this.state = INITIAL;
    this.preferences = loadPreferences();
    new Wake(this, () => this.flow?.doubt(), () => this.flow?.tryNow());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // In the document rather than the shadow: screen readers are surest of live regions there.
    this.frame.id = "frame";
    this.frame.slot = "screen";
    this.spoken.id = "spoken";
    this.spoken.slot = "spoken";
    this.spoken.setAttribute("role", "status");
    this.append(this.frame, this.spoken);
    void this.chooseTexts();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.flow?.stop({ reason: "viewer_closed" });
    this.flow = null;
  }

  protected override firstUpdated(): void {
    const stage = this.within("stage");
    const listener: ScreenListener = {
      opened: (size) => this.flow?.opened(size),
      resized: (size) => this.flow?.resized(size),
      gaveUp: (detail) => this.flow?.gaveUp(detail),
      copied: (text) => this.pastePanel.copied(text),
    };
    this.screens.vnc = new RemoteScreen(stage, this.frame, listener);
    this.screens.serial = new TerminalScreen(this.renderRoot as ShadowRoot, this.within("terminal"), listener);
    this.stageFocus = new StageFocus(stage, this.preferences.leaveKey, {
      keysGo: (toServer) => this.keysGo(toServer),
      leave: () => this.leave(),
    });
    this.apply();
    this.connect();
  }

  protected override updated(changed: PropertyValues<this>): void {
    // The first language is chosen on connecting to the document.
    if (changed.get("lang") !== undefined) void this.chooseTexts();
  }

  /** Opens what the attributes name; done once by itself. After a change of attributes it opens the other console. */
  connect(): void {
    this.flow?.stop({ reason: "viewer_closed" });
    const base = new URL(this.base || "/", location.href);
    const console = isConsoleId(this.console) ? this.console : null;
    const access: Access = { base, token: this.token || null, console };
    this.state = INITIAL;
    this.flow = new ConsoleFlow(access, this.type, {
      tell: (fact) => this.tell(fact),
      viewerFor: (protocol) => this.viewerFor(protocol),
    });
    if (access.token === null && console === null) this.tell({ type: "ended", ending: { reason: "token_missing" } });
    else void this.flow.open();
  }

  /** Ends the console for good: it cannot be come back to. */
  disconnect(): void {
    this.flow?.close();
  }

  /** Types a text, by the keyboard layout that the person chose. Returns how many characters could be typed. */
  async typeText(text: string, signal: AbortSignal = new AbortController().signal): Promise<number> {
    if (!mayType(this)) return 0;
    if (this.protocol === "serial") return this.screens.serial.type(text, signal, () => undefined);
    return typeKeys(this.screen, planOf(text, layoutOf(this.preferences.layout)).strokes, signal, () => undefined);
  }

  /** Sends chords, as in `Ctrl+Alt+F2 Enter`. False where a key is not known or nothing may be typed. */
  sendKeys(text: string): boolean {
    const read = readChords(text);
    if ("unknown" in read || !mayType(this)) return false;
    for (const { keys } of read.chords) press(this.screen, keys);
    return true;
  }

  /** What is on the screen: a PNG, or of a terminal its text. */
  screenshot(): Promise<Blob | null> {
    return this.screen.picture();
  }

  override focus(): void {
    this.screen.focus();
  }

  get protocol(): Protocol {
    return (this.state.link?.protocol ?? this.type) === "serial" ? "serial" : "vnc";
  }

  get screen(): Screen {
    return this.screens[this.protocol];
  }

  get remote(): RemoteScreen {
    return this.screens.vnc;
  }

  get terminal(): TerminalScreen {
    return this.screens.serial;
  }

  note(text: string): void {
    this.foot.show(text);
  }

  choose(changed: Partial<Preferences>): void {
    this.preferences = { ...this.preferences, ...changed };
    savePreferences(this.preferences);
    if ("language" in changed) void this.chooseTexts();
    this.apply();
  }

  /** A fact came in: the next state, and everything that tells it. */
  private tell(fact: Fact): void {
    const before = this.state;
    const state = next(before, fact);
    if (state === before) return;
    this.state = state;
    if (state.name !== before.name) this.entered(state);
    const spoken = spokenOf(before, state, this.texts);
    if (spoken) this.spoken.textContent = this.needsReadAloud ? `${spoken}. ${this.texts.text("connected.read_aloud_hint")}` : spoken;
    this.dispatchEvent(new CustomEvent<StateDetail>("keyhole-state", { detail: detailOf(state), bubbles: true, composed: true }));
  }

  /** What happens once on entering a state. */
  private entered(state: State): void {
    const wasOpen = [this.keysPanel, this.pastePanel, this.viewPanel, this.morePanel].some(({ popover }) => popover.isOpen);
    if (state.name === "connected") {
      this.screen.setWatching(state.link?.watching ?? false);
      this.describe();
      if (!wasOpen) void this.updateComplete.then(() => this.screen.focus());
      this.note(this.texts.text("connected.leaves", { key: this.leaveKeyName }));
      this.meter.start(new URL(this.base || "/", location.href));
    } else {
      this.meter.stop();
      this.pastePanel.stop();
    }
    if (state.name === "ended" || state.name === "reconnecting") this.showCard();
  }

  /** The focus goes to the card only where it was on the screen: a panel that is open stays. */
  private showCard(): void {
    const hadKeys = this.hasAttribute("keys-to-server") || document.activeElement === document.body;
    this.foot.clear();
    for (const { popover } of [this.keysPanel, this.pastePanel]) popover.close();
    if (hadKeys) void this.updateComplete.then(() => this.within("card").focus());
  }

  private viewerFor(protocol: string): Viewer | null {
    if (protocol !== "vnc" && protocol !== "serial") return null;
    const screen: Screen = this.screens[protocol];
    return {
      load: () => screen.load(),
      freeze: () => screen.freeze(),
      attach: (socket, again) => {
        this.meter.traffic.watch(socket);
        screen.attach(socket, again);
      },
    };
  }

  private async chooseTexts(): Promise<void> {
    const wanted = [this.preferences.language, this.lang, ...navigator.languages].filter(Boolean);
    const texts = await loadTexts(chooseLanguage(wanted));
    this.texts = texts;
    this.describe();
    this.dispatchEvent(new CustomEvent("keyhole-language", { detail: { language: texts.language }, bubbles: true, composed: true }));
  }

  private apply(): void {
    const { theme, leaveKey, fontSize, readAloud, copyOnSelect } = this.preferences;
    this.setAttribute("theme", theme);
    this.screens.vnc?.draw(this.preferences);
    this.screens.serial?.show({ fontSize, readAloud, copyOnSelect });
    this.stageFocus?.setLeaveKey(leaveKey);
    this.describe();
  }

  private describe(): void {
    const { link } = this.state;
    const key = link?.watching ? "screen.watching" : this.protocol === "serial" ? "screen.cells" : "screen.pixels";
    this.screen?.describe(this.texts.text(key, { server: nameOf(link, this.texts), key: this.leaveKeyName }));
  }

  /** A terminal is drawn: what it says reaches a screen reader only when that is asked for. */
  private get needsReadAloud(): boolean {
    return this.state.name === "connected" && this.protocol === "serial" && !this.preferences.readAloud;
  }

  private get leaveKeyName(): string {
    return this.texts.text(`leave.${this.preferences.leaveKey}`);
  }

  private keysGo(toServer: boolean): void {
    this.toggleAttribute("keys-to-server", toServer);
    this.requestUpdate();
    // The releases of keys still held will go to whatever has the focus next; the guest must not wait for them.
    if (!toServer) this.screen.releaseKeys();
  }

  private leave(): void {
    const buttons = [...this.renderRoot.querySelectorAll<HTMLElement>(".action:enabled")];
    buttons.find((button) => button.checkVisibility())?.focus();
    this.spoken.textContent = this.texts.text("bar.you_are_here");
  }

  private async saveScreen(): Promise<void> {
    const picture = await this.screenshot();
    if (picture === null) return;
    const suffix = this.protocol === "serial" ? "txt" : "png";
    const name = screenshotName(nameOf(this.state.link, this.texts), new Date(), suffix);
    download(picture, name);
    this.screen.focus();
    this.note(this.texts.text("saved", { name }));
  }

  protected override render(): TemplateResult {
    const { texts, state } = this;
    const serial = this.protocol === "serial";
    const deeds = {
      cancel: () => this.disconnect(),
      again: () => void this.flow?.open(),
      now: () => this.flow?.tryNow(),
      stop: () => this.flow?.stop({ reason: "viewer_lost", says: { key: "ended.stopped" } }),
    };
    return html`<div class="console" data-state=${state.name} lang=${texts.language} @keydown=${(event: KeyboardEvent) => this.shortcut(event)}>
      ${this.fullScreen.edge()} ${this.bar()}
      <main id="stage" class="stage" tabindex=${this.hasAttribute("moving") ? 0 : nothing} @pointerdown=${() => this.fullScreen.showBar(false)}>
        <slot name="screen" ?hidden=${serial}></slot>
        <div id="terminal" class="terminal" ?hidden=${!serial}></div>
      </main>
      ${this.findBar.render()} ${card(cardOf(state, texts), texts, deeds, new URL(this.base || "/", location.href).href)} ${this.touchKeyboard.render()}
      ${this.foot.render(texts.text("foot.notes"))}
    </div>`;
  }

  private bar(): TemplateResult {
    const { texts, state } = this;
    const { link } = state;
    const seen = state.name === "connected" || ((state.name === "ended" || state.name === "reconnecting") && this.screen?.size.width > 0);
    const save = texts.text(this.protocol === "serial" ? "bar.save_text" : "bar.screenshot");
    return html`<header id="bar" class="bar ${this.fullScreen.barShown ? "revealed" : ""}" @pointerleave=${(event: PointerEvent) => this.fullScreen.barLeft(event)}>
      <div class="about">
        ${mark(texts.text(`mark.${state.name}`))}
        <h1><bdi id="server-name" title=${link?.serverName || "Keyhole"}>${link?.serverName || "Keyhole"}</bdi></h1>
        <span id="console-type" class="type">${consoleTypeOf(link)}</span>
        ${link?.watching ? html`<span id="watching" class="badge" title=${texts.text("bar.watching_means")}>${texts.text("bar.watching")}</span>` : nothing}
        ${this.meter.isSlow ? html`<span id="slow-line" class="badge">${texts.text("bar.slow_line")}</span>` : nothing}
        ${this.line()}
      </div>
      <p class="hint">
        ${this.hasAttribute("keys-to-server")
          ? html`${texts.text("bar.keys_go")} <kbd>${this.leaveKeyName}</kbd> ${texts.text("bar.leaves")}`
          : texts.text("bar.click_to_type")}
      </p>
      <div class="actions" role="group" aria-label=${texts.text("bar.console")}>
        ${this.touchKeyboard.button()} ${this.keysPanel.button()} ${this.pastePanel.button()} ${this.viewPanel.button()}
        <button id="screenshot" type="button" class="action" aria-label=${save} title=${save} ?disabled=${!seen} @click=${() => void this.saveScreen()}>
          ${icon("screenshot")}<span>${save}</span>
        </button>
        ${this.fullScreen.button(texts.text("bar.full_screen"), () => void this.fullScreen.toggle().then(() => this.screen.focus()))}
        ${this.morePanel.button()}
      </div>
      <button id="skip-screen" type="button" class="button skip" @click=${() => this.within("foot").focus()}>${texts.text("bar.skip")}</button>
      ${this.keysPanel.render()} ${this.pastePanel.render()} ${this.viewPanel.render()}
      ${this.morePanel.render(this.meter.line, new URL("licenses.txt", new URL(this.base || "/", location.href)).href)}
    </header>`;
  }

  private line(): TemplateResult | typeof nothing {
    const { roundTripMs, bytesPerSecond } = this.meter.line;
    if (this.state.name !== "connected" || roundTripMs === null) return nothing;
    const shown = this.texts.text("bar.line", { ms: roundTripMs, rate: rateOf(bytesPerSecond, this.texts) });
    return html`<span id="line" class="line" title=${this.texts.text("bar.line_means")}>${shown}</span>`;
  }

  /** The terminal's own: what xterm leaves to the page. */
  private shortcut(event: KeyboardEvent): void {
    if (this.protocol !== "serial" || !event.ctrlKey || !event.shiftKey) return;
    if (event.code === "KeyF") {
      event.preventDefault();
      void this.findBar.open();
    } else if (event.code === "KeyC" && this.terminal.selection) {
      event.preventDefault();
      void this.terminal.copy().then((done) => this.note(this.texts.text(done ? "paste.copied" : "paste.not_copied")));
    }
  }

  private within(id: string): HTMLElement {
    return (this.renderRoot as ShadowRoot).getElementById(id) as HTMLElement;
  }
}

/** Shape and colour of the state, never colour alone. */
function mark(label: string): TemplateResult {
  return html`<svg id="mark" class="mark" viewBox="0 0 12 12" role="img" aria-label=${label}>
    <circle class="opening" cx="6" cy="6" r="4" />
    <circle class="connected" cx="6" cy="6" r="5" />
    <path class="reconnecting" d="M6 1l5 9.5H1z" />
    <rect class="ended" x="1.5" y="1.5" width="9" height="9" rx="1" />
  </svg>`;
}

function detailOf(state: State): StateDetail {
  const lost = state.name === "ended" || state.name === "reconnecting";
  return {
    state: state.name,
    reason: lost ? state.ending.reason : null,
    attempt: state.name === "reconnecting" ? state.attempt : 0,
    server: state.link?.serverName ?? "",
    console: state.name === "connected" || state.name === "reconnecting" ? (state.link?.console ?? null) : null,
  };
}

customElements.define("keyhole-console", KeyholeConsole);
