/** A small panel under its button: a modal dialog, so that Escape, held focus and an inert background come with it. */

import { html, type ReactiveController, type TemplateResult } from "lit";
import type { Rendered } from "./console_host.ts";
import { icon, type IconName } from "./icons.ts";

export type PopoverHost = HTMLElement & Rendered;

const STOPS = "a[href], button:enabled, textarea:enabled, select, input:enabled, summary";

export class Popover implements ReactiveController {
  private readonly host: PopoverHost;
  private readonly name: IconName;
  private readonly closed: () => void;
  isOpen = false;

  /** The button has the id `name`, the panel `name-panel`. `closed` is told when the panel has gone. */
  constructor(host: PopoverHost, name: IconName, closed: () => void = () => undefined) {
    this.host = host;
    this.name = name;
    this.closed = closed;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.isOpen = false;
  }

  button(label: string, disabled = false): TemplateResult {
    return html`<button
      id=${this.name}
      type="button"
      class="action"
      aria-label=${label}
      title=${label}
      aria-haspopup="dialog"
      aria-expanded=${this.isOpen}
      aria-controls="${this.name}-panel"
      ?disabled=${disabled}
      @click=${() => this.open()}
    >
      ${icon(this.name)}<span>${label}</span>
    </button>`;
  }

  panel(title: string, content: TemplateResult): TemplateResult {
    return html`<dialog
      id="${this.name}-panel"
      class="panel"
      aria-labelledby="${this.name}-title"
      @keydown=${(event: KeyboardEvent) => this.holdFocus(event)}
      @pointerdown=${(event: PointerEvent) => this.closeFromOutside(event)}
      @close=${() => this.hasClosed()}
    >
      <h2 id="${this.name}-title">${title}</h2>
      ${content}
    </dialog>`;
  }

  open(): void {
    const rim = this.host.getBoundingClientRect();
    const button = this.opener.getBoundingClientRect();
    this.dialog.style.setProperty("--below", `${rim.top + 44}px`);
    this.dialog.style.setProperty(
      "--from-end",
      `${Math.max(8, document.documentElement.clientWidth - button.right)}px`,
    );
    this.dialog.style.setProperty("--from-start", `${Math.max(8, button.left)}px`);
    this.dialog.showModal();
    this.isOpen = true;
    this.host.requestUpdate();
  }

  /** Closes; the focus goes back to the button unless the caller puts it elsewhere. */
  close(): void {
    if (this.isOpen) this.dialog.close();
  }

  private hasClosed(): void {
    this.isOpen = false;
    this.host.requestUpdate();
    // The remote screen is no part of the shadow: who has the focus outside is who the caller gave it to.
    const { activeElement } = this.host.getRootNode() as Document | ShadowRoot;
    const within = this.root.activeElement;
    const isLost =
      activeElement === this.root.host
        ? within === null || this.dialog.contains(within)
        : !activeElement || activeElement === document.body;
    if (isLost) this.opener.focus();
    this.closed();
  }

  /** A modal dialog keeps the focus from the page, but Tab may still wander off into the browser's own bars. */
  private holdFocus(event: KeyboardEvent): void {
    if (event.key !== "Tab") return;
    const stops = [...this.dialog.querySelectorAll<HTMLElement>(STOPS)].filter(
      // Of a group of radio buttons only the chosen one is a stop; what is folded away is none.
      (stop) => stop.checkVisibility() && !(stop instanceof HTMLInputElement && stop.type === "radio" && !stop.checked),
    );
    const [leaves, returns] = event.shiftKey ? [stops.at(0), stops.at(-1)] : [stops.at(-1), stops.at(0)];
    if (this.root.activeElement !== leaves) return;
    event.preventDefault();
    returns?.focus();
  }

  /** A press outside closes, and does what it would have done there: opens the other panel, or goes to the screen. */
  private closeFromOutside(event: PointerEvent): void {
    const box = this.dialog.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (x >= box.left && x < box.right && y >= box.top && y < box.bottom) return;
    event.preventDefault();
    this.close();
    const under = [this.root.elementFromPoint(x, y), document.elementFromPoint(x, y)]
      .map((element) => element?.closest<HTMLElement>("button, canvas"))
      .find((element) => element);
    if (under === this.opener || !under) return;
    if (under instanceof HTMLButtonElement) under.click();
    else under.focus();
  }

  private get root(): ShadowRoot {
    return this.host.renderRoot as ShadowRoot;
  }

  private get opener(): HTMLButtonElement {
    return this.root.getElementById(this.name) as HTMLButtonElement;
  }

  private get dialog(): HTMLDialogElement {
    return this.root.getElementById(`${this.name}-panel`) as HTMLDialogElement;
  }
}
