/** Who has the keyboard: the remote screen takes every key while it has the focus, and the leave key gives it back. */

import { LeaveKey, type LeaveKeyName } from "../keyboard/leave_key.ts";

export interface ViewportFocusListener {
  /** The screen has the keyboard, or no longer has it. */
  keysGo(toServer: boolean): void;
  /** The leave key was pressed. */
  leave(): void;
}

export class ViewportFocus {
  private readonly listener: ViewportFocusListener;
  private readonly leaveKey: LeaveKey;
  private controlHeld = false;
  private hasKeys = false;

  constructor(viewport: HTMLElement, leaveKey: LeaveKeyName, listener: ViewportFocusListener) {
    this.listener = listener;
    this.leaveKey = new LeaveKey(leaveKey);
    // In the capture phase, because noVNC lets no key event go further than its canvas.
    viewport.addEventListener("keydown", (event) => this.down(event), { capture: true });
    viewport.addEventListener("keyup", (event) => this.up(event), { capture: true });
    viewport.addEventListener("focusin", () => this.keysGo(true));
    viewport.addEventListener("focusout", () => this.left());
    window.addEventListener("beforeunload", (event) => {
      // Ctrl+W erases a word in the guest's shell and closes the tab here, and the browser keeps it to itself. A tab
      // that goes while Ctrl is held on the screen asks first: a console link opens once.
      if (this.controlHeld && this.hasKeys) event.preventDefault();
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
    if (this.leaveKey.up(event.code)) this.listener.leave();
  }

  private left(): void {
    this.controlHeld = false;
    this.leaveKey.forget();
    this.keysGo(false);
  }

  private keysGo(toServer: boolean): void {
    this.hasKeys = toServer;
    this.listener.keysGo(toServer);
  }
}
