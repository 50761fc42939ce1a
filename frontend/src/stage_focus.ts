/** Who has the keyboard: the remote screen takes every key while it has the focus, and the leave key gives it back. */

import { LeaveKey, type LeaveKeyName } from "./leave_key.ts";
import type { RemoteScreen } from "./remote_screen.ts";

export class StageFocus {
  private readonly screen: RemoteScreen;
  private readonly leave: () => void;
  private readonly leaveKey: LeaveKey;
  private controlHeld = false;

  constructor(stage: HTMLElement, screen: RemoteScreen, leaveKey: LeaveKeyName, leave: () => void) {
    this.screen = screen;
    this.leave = leave;
    this.leaveKey = new LeaveKey(leaveKey);
    // In the capture phase, because noVNC lets no key event go further than its canvas.
    stage.addEventListener("keydown", (event) => this.down(event), { capture: true });
    stage.addEventListener("keyup", (event) => this.up(event), { capture: true });
    stage.addEventListener("focusin", () => (document.documentElement.dataset["keys"] = "server"));
    stage.addEventListener("focusout", () => this.left());
    window.addEventListener("beforeunload", (event) => {
      // Ctrl+W erases a word in the guest's shell and closes the tab here, and the browser keeps it to itself. A tab
      // that goes while Ctrl is held on the screen asks first: a console link opens once.
      if (this.controlHeld && screen.hasFocus) event.preventDefault();
    });
  }

  setLeaveKey(name: LeaveKeyName): void {
    this.leaveKey.name = name;
  }

  private down(event: KeyboardEvent): void {
    this.controlHeld = event.ctrlKey || event.metaKey;
    // macOS does not report the release of keys while Command is held, so nothing is known about them any more.
    if (event.metaKey) this.leaveKey.forget();
    else this.leaveKey.down(event.code);
  }

  private up(event: KeyboardEvent): void {
    this.controlHeld = event.ctrlKey || event.metaKey;
    if (this.leaveKey.up(event.code)) this.leave();
  }

  private left(): void {
    delete document.documentElement.dataset["keys"];
    this.controlHeld = false;
    this.leaveKey.forget();
    // The releases of keys still held will go to whatever has the focus next; the guest must not wait for them.
    this.screen.releaseKeys();
  }
}
