/**
 * The chord that lets the keyboard out of the remote screen. Pure: fed with key codes, it says when to leave.
 *
 * It leaves when the chord is let go and no other key was pressed meanwhile, so Ctrl+Alt+Shift+X still reaches the guest.
 */

/** Each chord by the last part of its text's key (`leave.NAME`): groups of physical keys (KeyboardEvent.code), one of each group held together. */
export const LEAVE_KEYS = {
  ctrl_alt_shift: [
    ["ControlLeft", "ControlRight"],
    ["AltLeft", "AltRight"],
    ["ShiftLeft", "ShiftRight"],
  ],
  right_ctrl: [["ControlRight"]],
  both_shift: [["ShiftLeft"], ["ShiftRight"]],
} as const satisfies Record<string, readonly (readonly string[])[]>;

export type LeaveKeyName = keyof typeof LEAVE_KEYS;

export class LeaveKey {
  private readonly held = new Set<string>();
  private armed = false;
  name: LeaveKeyName;

  constructor(name: LeaveKeyName) {
    this.name = name;
  }

  down(code: string): void {
    this.held.add(code);
    const groups: readonly (readonly string[])[] = LEAVE_KEYS[this.name];
    const complete = groups.every((group) => group.some((key) => this.held.has(key)));
    this.armed = complete && groups.length === this.held.size;
  }

  /** True when this release completes the chord. */
  up(code: string): boolean {
    const leave = this.armed && this.held.has(code);
    this.held.delete(code);
    this.armed = false;
    return leave;
  }

  /** The keyboard went elsewhere; what is let go there is not seen here. */
  forget(): void {
    this.held.clear();
    this.armed = false;
  }
}
