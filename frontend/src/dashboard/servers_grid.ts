/** The table of servers in the document: which rows are in sight, which one is active, and what its keys do. */

import type { ReactiveController, TemplateResult } from "lit";
import type { ConsoleKind } from "./consoles.ts";
import type { HasTexts } from "./dashboard_host.ts";
import type { Server } from "./model.ts";
import { scrollTo, visibleRows } from "./rows.ts";
import { openFirst, serversView, type ServersActions, type ServersTable } from "./servers_view.ts";

export interface GridListener {
  readonly open: (server: Server, kind: ConsoleKind, ownWindow: boolean) => void;
  readonly showLog: (server: Server) => void;
  readonly showCommands: (server: Server) => void;
  /** A letter was typed on a row. */
  readonly type: (character: string) => void;
  readonly noConsole: (server: Server) => void;
}

const ROW_HEIGHT = 44;
/** On a narrow screen a row has its buttons below its name. */
const TALL_ROW_HEIGHT = 84;
const NARROW = "(max-width: 720px)";

type Host = HTMLElement & HasTexts;

export class ServersGrid implements ReactiveController {
  private readonly host: Host;
  private readonly narrow = matchMedia(NARROW);
  private readonly listener: GridListener;
  private readonly actions: ServersActions;
  private servers: readonly Server[] = [];
  private active = 0;
  private opens = false;
  private showsHosts = false;
  /** The active row takes the focus once it is drawn. */
  private focuses = false;
  private hadFocus = false;
  private rows: HTMLElement | null = null;

  constructor(host: Host, listener: GridListener) {
    this.host = host;
    this.listener = listener;
    this.actions = { ...listener, activate: (row) => this.activateAndDraw(row), scrolled: this.draw };
    host.addController(this);
  }

  hostConnected(): void {
    this.narrow.addEventListener("change", this.draw);
    window.addEventListener("resize", this.draw);
  }

  hostDisconnected(): void {
    this.narrow.removeEventListener("change", this.draw);
    window.removeEventListener("resize", this.draw);
  }

  render(servers: readonly Server[], opens: boolean, showsHosts: boolean): TemplateResult {
    this.servers = servers;
    this.opens = opens;
    this.showsHosts = showsHosts;
    this.active = Math.max(0, Math.min(this.active, servers.length - 1));
    return serversView(this.table(), this.actions);
  }

  /** What can only be set once the rows stand in the document. */
  hostUpdated(): void {
    const rows = this.host.querySelector<HTMLElement>("#rows");
    if (rows !== this.rows) {
      this.rows = rows;
      rows?.addEventListener("keydown", (event) => this.key(event));
      rows?.addEventListener("focusin", () => (this.hadFocus = true));
      if (rows) this.draw(); // now that its height is known
    }
    if (rows === null) return;
    const { drawn, rowHeight } = this.table();
    const all = rows.firstElementChild as HTMLElement;
    all.style.height = `${this.servers.length * rowHeight}px`;
    all.style.setProperty("--above", `${drawn.first * rowHeight}px`);
    const row =
      this.focuses && this.keysAreOurs(rows) ? rows.querySelector<HTMLElement>(`[data-row="${this.active}"]`) : null;
    if (row) {
      this.focuses = false;
      row.focus({ preventScroll: true });
    }
    // The row with the focus may have been scrolled out of what is drawn; the keys still belong to the table.
    if (this.hadFocus && document.activeElement === document.body) rows.focus({ preventScroll: true });
    this.hadFocus = rows.contains(document.activeElement);
  }

  /** Whether nobody has gone elsewhere while the rows were awaited. */
  private keysAreOurs(rows: HTMLElement): boolean {
    const focused = document.activeElement;
    return focused === document.body || focused?.id === "filter" || rows.contains(focused);
  }

  /** Other rows are asked for: the first of them is active, and the focus stays where the person types. */
  filtered(): void {
    this.active = 0;
    this.focuses = false;
  }

  /** Down goes from the filter to the rows, once they are there; Enter opens the first server found. */
  keyInFilter(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") this.move(0);
    else if (event.key === "Enter") this.openActive(event.shiftKey);
    else return;
    event.preventDefault();
  }

  private key(event: KeyboardEvent): void {
    const onRow = !(event.target as HTMLElement).matches("button");
    const page = Math.max(1, Math.floor((this.rows?.clientHeight ?? 0) / this.rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.servers.length - 1,
    };
    const row = moves[event.key];
    if (row !== undefined) this.move(row);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft")
      this.moveInRow(event.key === "ArrowRight" ? 1 : -1);
    else if (event.key === "Enter" && onRow) this.openActive(event.shiftKey);
    else if (onRow && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey)
      this.listener.type(event.key);
    else return;
    event.preventDefault();
  }

  private move(row: number): void {
    this.active = Math.max(0, Math.min(row, this.servers.length - 1));
    this.focuses = true;
    if (this.rows === null) return;
    this.rows.scrollTop = scrollTo(this.active, this.rowHeight, this.rows.scrollTop, this.rows.clientHeight);
    this.draw();
  }

  /** Between the row itself and its buttons. */
  private moveInRow(step: number): void {
    const row = this.rows?.querySelector<HTMLElement>(`[data-row="${this.active}"]`);
    if (!row) return;
    const rightToLeft = getComputedStyle(row).direction === "rtl";
    const stops = [row, ...row.querySelectorAll<HTMLElement>("button")];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    stops[at + (rightToLeft ? -step : step)]?.focus();
  }

  private openActive(ownWindow: boolean): void {
    const server = this.servers[this.active];
    if (server && !openFirst(this.table(), this.actions, server, ownWindow)) this.listener.noConsole(server);
  }

  private readonly draw = (): void => this.host.requestUpdate();

  private activateAndDraw(row: number): void {
    if (row === this.active) return;
    this.active = row;
    this.draw();
  }

  private table(): ServersTable {
    const drawn = visibleRows(
      this.servers.length,
      this.rowHeight,
      this.rows?.scrollTop ?? 0,
      this.rows?.clientHeight ?? 0,
    );
    return {
      texts: this.host.texts,
      servers: this.servers,
      active: this.active,
      drawn,
      rowHeight: this.rowHeight,
      opens: this.opens,
      showsHosts: this.showsHosts,
      now: new Date(),
    };
  }

  private get rowHeight(): number {
    return this.narrow.matches ? TALL_ROW_HEIGHT : ROW_HEIGHT;
  }
}
