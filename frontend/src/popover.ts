/** A small panel under its button: a modal dialog, so that Escape, held focus and an inert background come with it. */

export class Popover {
  readonly button: HTMLButtonElement;
  readonly dialog: HTMLDialogElement;
  private readonly opening: () => void;
  private readonly closed: () => void;

  constructor(
    button: HTMLButtonElement,
    dialog: HTMLDialogElement,
    opening: () => void = () => undefined,
    closed: () => void = () => undefined,
  ) {
    this.button = button;
    this.dialog = dialog;
    this.opening = opening;
    this.closed = closed;
    button.addEventListener("click", () => this.open());
    dialog.addEventListener("keydown", (event) => this.holdFocus(event));
    dialog.addEventListener("pointerdown", (event) => this.closeFromOutside(event));
    dialog.addEventListener("close", () => {
      button.setAttribute("aria-expanded", "false");
      if (document.activeElement === document.body) button.focus();
      this.closed();
    });
  }

  open(): void {
    this.opening();
    const right = Math.max(8, window.innerWidth - this.button.getBoundingClientRect().right);
    this.dialog.style.setProperty("--from-right", `${right}px`);
    this.dialog.showModal();
    this.button.setAttribute("aria-expanded", "true");
  }

  /** Closes; the focus goes back to the button unless the caller puts it elsewhere. */
  close(): void {
    if (this.dialog.open) this.dialog.close();
  }

  /** A modal dialog keeps the focus from the page, but Tab may still wander off into the browser's own bars. */
  private holdFocus(event: KeyboardEvent): void {
    if (event.key !== "Tab") return;
    const stops = [...this.dialog.querySelectorAll<HTMLElement>("a[href], button:enabled, textarea:enabled, select, input")].filter(
      // Of a group of radio buttons only the chosen one is a stop.
      (stop) => !(stop instanceof HTMLInputElement && stop.type === "radio" && !stop.checked),
    );
    const [leaves, returns] = event.shiftKey ? [stops.at(0), stops.at(-1)] : [stops.at(-1), stops.at(0)];
    if (document.activeElement !== leaves) return;
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
    const under = document.elementFromPoint(x, y)?.closest<HTMLElement>("button, canvas");
    if (under === this.button || !under) return;
    if (under instanceof HTMLButtonElement) under.click();
    else under.focus();
  }
}
