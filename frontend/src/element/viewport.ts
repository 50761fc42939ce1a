/** The viewport: the viewers that draw on it, and who has the keyboard there. */

import { html, nothing, type ReactiveController, type TemplateResult, type ReactiveControllerHost } from "lit";
import { nameOf } from "./words.ts";
import { RemoteScreen } from "../screens/remote_screen.ts";
import type { ScreenListener } from "../screens/screen.ts";
import { TerminalScreen } from "../screens/terminal_screen.ts";
import { leaveKeyName, type HasPreferences, type HasScreens, type HasState, type HasTexts } from "./console_host.ts";
import { ViewportFocus } from "./viewport_focus.ts";

type Host = HTMLElement &
  ReactiveControllerHost &
  HasTexts &
  HasState &
  HasPreferences &
  Pick<HasScreens, "protocol" | "screen">;

export class Viewport implements ReactiveController {
  /** Both viewers, from `begin` on. */
  readonly screens = {} as { vnc: RemoteScreen; serial: TerminalScreen };
  private readonly host: Host;
  /** The remote screen; in the document rather than the shadow, as the live region is. */
  private readonly frame = document.createElement("div");
  private keyboard: ViewportFocus | null = null;

  constructor(host: Host) {
    this.host = host;
    this.frame.id = "frame";
    this.frame.slot = "screen";
    host.addController(this);
  }

  hostConnected(): void {
    this.host.append(this.frame);
  }

  /** Makes the viewers, once there is a place for them. `leave`: the leave key was pressed. */
  begin(root: ShadowRoot, listener: ScreenListener, leave: () => void): void {
    const stage = root.getElementById("stage") as HTMLElement;
    this.screens.vnc = new RemoteScreen(stage, this.frame, listener);
    this.screens.serial = new TerminalScreen(root, root.getElementById("terminal") as HTMLElement, listener);
    this.keyboard = new ViewportFocus(stage, this.host.preferences.leaveKey, {
      keysGo: (toServer) => this.keysGo(toServer),
      leave,
    });
  }

  /** Takes over what the person chose. */
  apply(): void {
    const { leaveKey, fontSize, readAloud, copyOnSelect } = this.host.preferences;
    this.screens.vnc?.draw(this.host.preferences);
    this.screens.serial?.show({ fontSize, readAloud, copyOnSelect });
    this.keyboard?.setLeaveKey(leaveKey);
    this.describe();
  }

  /** Tells the viewer the words for what it shows. */
  describe(): void {
    const { state, texts, protocol } = this.host;
    const { link } = state;
    const key = link?.watching ? "screen.watching" : protocol === "serial" ? "screen.cells" : "screen.pixels";
    this.screens[protocol]?.describe(texts.text(key, { server: nameOf(link, texts), key: leaveKeyName(this.host) }));
  }

  render(pressed: () => void): TemplateResult {
    const serial = this.host.protocol === "serial";
    return html`<main
      id="stage"
      class="stage"
      tabindex=${this.host.hasAttribute("moving") ? 0 : nothing}
      @pointerdown=${pressed}
    >
      <slot name="screen" ?hidden=${serial}></slot>
      <div id="terminal" ?hidden=${!serial}></div>
    </main>`;
  }

  private keysGo(toServer: boolean): void {
    this.host.toggleAttribute("keys-to-server", toServer);
    this.host.requestUpdate();
    // The releases of keys still held will go to whatever has the focus next; the guest must not wait for them.
    if (!toServer) this.host.screen.releaseKeys();
  }
}
