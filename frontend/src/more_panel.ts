/** The panel of the session's facts, the leave key and the way out. */

import { byId, make } from "./elements.ts";
import { LEAVE_KEYS, type LeaveKeyName } from "./leave_key.ts";
import { Popover } from "./popover.ts";
import type { State } from "./state.ts";
import { markOf } from "./words.ts";

export class MorePanel {
  readonly popover: Popover;
  private readonly facts = byId("facts", HTMLElement);
  private readonly leave = byId("close-console", HTMLButtonElement);

  constructor(button: HTMLButtonElement, leaveKey: LeaveKeyName, chosen: (name: LeaveKeyName) => void, close: () => void) {
    this.popover = new Popover(button, byId("more-panel", HTMLDialogElement));
    const select = byId("leave-key", HTMLSelectElement);
    const names = Object.keys(LEAVE_KEYS) as LeaveKeyName[];
    select.append(...names.map((name) => new Option(name, name, false, name === leaveKey)));
    select.addEventListener("change", () => chosen(select.value as LeaveKeyName));
    this.leave.addEventListener("click", () => {
      this.popover.close();
      close();
    });
  }

  show(state: State): void {
    this.leave.disabled = state.name === "ended";
    this.facts.replaceChildren(...factsOf(state).flatMap(([term, value]) => [make("dt", term), make("dd", value)]));
  }
}

function factsOf(state: State): readonly (readonly [string, string])[] {
  const { link } = state;
  const facts: (readonly [string, string])[] = [["State", markOf(state)]];
  if (state.name === "ended") facts.push(["Reason", state.ending.reason]);
  if (link) facts.push(["Server", link.serverName], ["ID", link.serverId], ["Console", `${link.consoleType}, ${link.protocol}`]);
  if (state.name === "connected") facts.push(["Screen", `${state.size.width} × ${state.size.height}`]);
  if (link?.expiresAt) facts.push(["Link good until", link.expiresAt.toLocaleTimeString()]);
  return facts;
}
