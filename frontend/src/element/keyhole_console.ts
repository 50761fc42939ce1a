/**
 * `<keyhole-console>`: a server's console as an element. Attributes say what to open, events tell what happens, methods
 * act. Facts flow one way: connection -> state -> what is shown, spoken and told. docs/reference/console-component.md is
 * its contract.
 */

import { html, LitElement, unsafeCSS, type PropertyValues, type TemplateResult } from "lit";
import { press, readChords } from "../keyboard/keys.ts";
import { layoutOf } from "../keyboard/layouts.ts";
import { planOf, type as typeKeys } from "../keyboard/typing.ts";
import { chooseLanguage } from "../i18n/languages.ts";
import { loadTexts, Texts } from "../i18n/texts.ts";
import { stateWordsOf } from "./words.ts";
import type { RemoteScreen } from "../screens/remote_screen.ts";
import type { Screen, ScreenListener } from "../screens/screen.ts";
import type { TerminalScreen } from "../screens/terminal_screen.ts";
import { isConsoleId } from "../session/access.ts";
import type { Protocol } from "../core/protocols.ts";
import { INITIAL, next, type Fact, type State } from "../session/state.ts";
import baseStyle from "../styles/base.css?inline";
import consoleStyle from "../styles/console.css?inline";
import panelStyle from "../styles/panels.css?inline";
import tokenStyle from "../styles/tokens.css?inline";
import { Bar } from "./bar.ts";
import { stateDialog } from "./state_dialog.ts";
import { Connection } from "./connection.ts";
import { leaveKeyName, mayType, type ConsoleHost } from "./console_host.ts";
import { languageEvent, stateEvent } from "./events.ts";
import { FindBar } from "./find_bar.ts";
import { StatusLine } from "./status_line.ts";
import { FullScreen } from "./full_screen.ts";
import { LineMeter } from "./line_meter.ts";
import { Panels } from "./panels/panels.ts";
import { loadPreferences, savePreferences, type Preferences } from "./preferences.ts";
import { saveScreen } from "./save_screen.ts";
import { shortcut } from "./shortcuts.ts";
import { LiveRegion } from "./live_region.ts";
import { Viewport } from "./viewport.ts";
import { TouchKeyboard } from "./touch_keyboard.ts";

export class KeyholeConsole extends LitElement implements ConsoleHost {
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
  static override styles = [tokenStyle, baseStyle, consoleStyle, panelStyle].map((style) => unsafeCSS(style));

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

  private readonly meter = new LineMeter(this);
  private readonly connection = new Connection(this, {
    tell: (fact) => this.tell(fact),
    screenFor: (protocol) => this.viewport.screens[protocol],
    attached: (socket) => this.meter.traffic.watch(socket),
  });
  private readonly viewport = new Viewport(this);
  private readonly liveRegion = new LiveRegion(this);
  private readonly statusLine = new StatusLine(this);
  private readonly findBar = new FindBar(this);
  private readonly touchKeyboard = new TouchKeyboard(this);
  private readonly fullScreen = new FullScreen(this, (keysLocked) => {
    this.note(this.texts.text(keysLocked ? "full_screen.locked" : "full_screen.open"));
  });
  private readonly panels = new Panels(this, () => this.disconnect());
  private readonly bar = new Bar(this, {
    panels: this.panels,
    touchKeyboard: this.touchKeyboard,
    fullScreen: this.fullScreen,
    meter: this.meter,
    save: () => void saveScreen(this),
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
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.chooseTexts();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.connection.letGo();
  }

  protected override firstUpdated(): void {
    const listener: ScreenListener = {
      opened: (size) => this.connection.opened(size),
      resized: (size) => this.connection.resized(size),
      gaveUp: (detail) => this.connection.gaveUp(detail),
      copied: (text) => this.panels.paste.copied(text),
    };
    this.viewport.begin(this.renderRoot as ShadowRoot, listener, () => this.leave());
    this.apply();
    this.connect();
  }

  protected override updated(changed: PropertyValues<this>): void {
    // The first language is chosen on connecting to the document.
    if (changed.get("lang") !== undefined) void this.chooseTexts();
  }

  /** Opens what the attributes name; done once by itself. After a change of attributes it opens the other console. */
  connect(): void {
    this.connection.letGo();
    this.state = INITIAL;
    const console = isConsoleId(this.console) ? this.console : null;
    this.connection.open({ base: this.address, token: this.token || null, console }, this.type);
  }

  /** Ends the console for good: it cannot be resumed. */
  disconnect(): void {
    this.connection.close();
  }

  /** Types a text, by the keyboard layout that the person chose. Returns how many characters could be typed. */
  async typeText(text: string, signal: AbortSignal = new AbortController().signal): Promise<number> {
    if (!mayType(this)) return 0;
    if (this.protocol === "serial") return this.terminal.type(text, signal, () => undefined);
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

  get address(): URL {
    return new URL(this.base || "/", location.href);
  }

  get protocol(): Protocol {
    return (this.state.link?.protocol ?? this.type) === "serial" ? "serial" : "vnc";
  }

  get screen(): Screen {
    return this.viewport.screens[this.protocol];
  }

  get remote(): RemoteScreen {
    return this.viewport.screens.vnc;
  }

  get terminal(): TerminalScreen {
    return this.viewport.screens.serial;
  }

  note(text: string): void {
    this.statusLine.show(text);
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
    this.liveRegion.stateChanged(before);
    this.dispatchEvent(stateEvent(state));
  }

  /** What happens once on entering a state. */
  private entered(state: State): void {
    if (state.name === "connected") {
      this.screen.setWatching(state.link?.watching ?? false);
      this.viewport.describe();
      if (!this.panels.isAnyOpen) void this.updateComplete.then(() => this.screen.focus());
      this.note(this.texts.text("connected.leaves", { key: leaveKeyName(this) }));
      this.meter.start(this.address);
    } else {
      this.meter.stop();
      this.panels.paste.stop();
    }
    if (state.name === "ended" || state.name === "reconnecting") this.showStateDialog();
  }

  /** The focus goes to the dialog only where it was on the screen: a panel that is open stays. */
  private showStateDialog(): void {
    const hadKeys = this.hasAttribute("keys-to-server") || document.activeElement === document.body;
    this.statusLine.clear();
    this.panels.closeTyping();
    if (hadKeys) void this.updateComplete.then(() => this.focusOn("card"));
  }

  private leave(): void {
    this.bar.focus();
    this.liveRegion.say(this.texts.text("bar.you_are_here"));
  }

  private async chooseTexts(): Promise<void> {
    const wanted = [this.preferences.language, this.lang, ...navigator.languages].filter(Boolean);
    const texts = await loadTexts(chooseLanguage(wanted));
    this.texts = texts;
    this.viewport.describe();
    this.dispatchEvent(languageEvent(texts.language));
  }

  private apply(): void {
    this.setAttribute("theme", this.preferences.theme);
    this.viewport.apply();
  }

  private focusOn(id: "card" | "foot"): void {
    (this.renderRoot as ShadowRoot).getElementById(id)?.focus();
  }

  protected override render(): TemplateResult {
    const { texts, state, fullScreen } = this;
    const dashboard = { address: this.address.href, goesBack: window.parent === window };
    return html`<div
      class="console"
      data-state=${state.name}
      lang=${texts.language}
      @keydown=${(event: KeyboardEvent) => shortcut(event, this, this.findBar)}
    >
      ${fullScreen.edge()} ${this.bar.render(() => this.focusOn("foot"))}
      ${this.viewport.render(() => fullScreen.showBar(false))} ${this.findBar.render()}
      ${stateDialog(stateWordsOf(state, texts), texts, this.connection.actions, dashboard)}
      ${this.touchKeyboard.render()} ${this.statusLine.render(texts.text("foot.notes"))}
    </div>`;
  }
}

customElements.define("keyhole-console", KeyholeConsole);
