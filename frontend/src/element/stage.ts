/** The stage: the viewers that draw on it, and who has the keyboard there. */

import { html, nothing, type ReactiveController, type TemplateResult } from "lit";
import { nameOf } from "../language/words.ts";
import { RemoteScreen } from "../screen/remote_screen.ts";
import type { ScreenListener } from "../screen/screen.ts";
import { TerminalScreen } from "../screen/terminal_screen.ts";
import { leaveKeyName, type Desk } from "./desk.ts";
import { StageFocus } from "./stage_focus.ts";

export class Stage implements ReactiveController {
  /** Both viewers, from `begin` on. */
  readonly screens = {} as { vnc: RemoteScreen; serial: TerminalScreen };
  private readonly desk: Desk;
  /** The remote screen; in the document rather than the shadow, as the live region is. */
  private readonly frame = document.createElement("div");
  private keyboard: StageFocus | null = null;

  constructor(desk: Desk) {
    this.desk = desk;
    this.frame.id = "frame";
    this.frame.slot = "screen";
    desk.addController(this);
  }

  hostConnected(): void {
    this.desk.append(this.frame);
  }

  /** Makes the viewers, once there is a stage. `leave`: the leave key was pressed. */
  begin(root: ShadowRoot, listener: ScreenListener, leave: () => void): void {
    const stage = root.getElementById("stage") as HTMLElement;
    this.screens.vnc = new RemoteScreen(stage, this.frame, listener);
    this.screens.serial = new TerminalScreen(root, root.getElementById("terminal") as HTMLElement, listener);
    this.keyboard = new StageFocus(stage, this.desk.preferences.leaveKey, { keysGo: (toServer) => this.keysGo(toServer), leave });
  }

  /** Takes over what the person chose. */
  apply(): void {
    const { leaveKey, fontSize, readAloud, copyOnSelect } = this.desk.preferences;
    this.screens.vnc?.draw(this.desk.preferences);
    this.screens.serial?.show({ fontSize, readAloud, copyOnSelect });
    this.keyboard?.setLeaveKey(leaveKey);
    this.describe();
  }

  /** Tells the viewer the words for what it shows. */
  describe(): void {
    const { state, texts, protocol } = this.desk;
    const { link } = state;
    const key = link?.watching ? "screen.watching" : protocol === "serial" ? "screen.cells" : "screen.pixels";
    this.screens[protocol]?.describe(texts.text(key, { server: nameOf(link, texts), key: leaveKeyName(this.desk) }));
  }

  render(pressed: () => void): TemplateResult {
    const serial = this.desk.protocol === "serial";
    return html`<main id="stage" class="stage" tabindex=${this.desk.hasAttribute("moving") ? 0 : nothing} @pointerdown=${pressed}>
      <slot name="screen" ?hidden=${serial}></slot>
      <div id="terminal" class="terminal" ?hidden=${!serial}></div>
    </main>`;
  }

  private keysGo(toServer: boolean): void {
    this.desk.toggleAttribute("keys-to-server", toServer);
    this.desk.requestUpdate();
    // The releases of keys still held will go to whatever has the focus next; the guest must not wait for them.
    if (!toServer) this.desk.screen.releaseKeys();
  }
}
