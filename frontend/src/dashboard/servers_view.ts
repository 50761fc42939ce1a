/** The table of servers: a grid of which only the rows in sight are drawn, moved through by the arrow keys. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { kindsOf, type ConsoleKind } from "./consoles.ts";
import type { Server } from "./model.ts";
import type { Range } from "./rows.ts";
import type { TextKey, Texts } from "./texts.ts";
import { timeOf } from "./times.ts";

export interface ServersTable {
  readonly texts: Texts;
  /** Those that the filter leaves over. */
  readonly servers: readonly Server[];
  /** The row that has the focus when the table has it. */
  readonly active: number;
  readonly drawn: Range;
  readonly rowHeight: number;
  /** Whether the person may open consoles. */
  readonly opens: boolean;
  /** Whether there is a column for the hosts. */
  readonly showsHosts: boolean;
  readonly now: Date;
}

export interface ServersActions {
  readonly open: (server: Server, kind: ConsoleKind, ownWindow: boolean) => void;
  readonly showLog: (server: Server) => void;
  readonly showCommands: (server: Server) => void;
  readonly activate: (row: number) => void;
  readonly scrolled: () => void;
}

const COLUMNS: readonly TextKey[] = [
  "servers.name",
  "servers.status",
  "servers.project",
  "servers.host",
  "servers.consoles",
  "servers.last_opened",
];

export function serversView(table: ServersTable, actions: ServersActions): TemplateResult {
  const { texts, servers, drawn } = table;
  const columns = COLUMNS.filter((key) => key !== "servers.host" || table.showsHosts);
  const rows = servers.slice(drawn.first, drawn.end).map((server, offset) => ({ server, row: drawn.first + offset }));
  return html`
    <div
      class="grid ${table.showsHosts ? "" : "hostless"}"
      role="grid"
      aria-label=${texts.text("servers.title")}
      aria-rowcount=${servers.length + 1}
      aria-describedby="grid-keys"
    >
      <div class="columns" role="row" aria-rowindex="1">
        ${columns.map((key) => html`<span role="columnheader" class=${columnClass(key)}>${texts.text(key)}</span>`)}
      </div>
      <div class="rows" id="rows" role="rowgroup" tabindex="-1" @scroll=${actions.scrolled}>
        <div class="all-rows" role="presentation">
          ${repeat(
            rows,
            ({ server }) => server.id,
            ({ server, row }) => serverRow(table, actions, server, row),
          )}
        </div>
      </div>
    </div>
    <p id="grid-keys" class="muted">${texts.text("servers.keys")}</p>
  `;
}

function serverRow(table: ServersTable, actions: ServersActions, server: Server, row: number): TemplateResult {
  const { texts, now } = table;
  const isActive = row === table.active;
  const lastOpened = server.lastOpened;
  return html`
    <div
      role="row"
      class="server"
      data-row=${row}
      aria-rowindex=${row + 2}
      aria-selected=${isActive}
      tabindex=${isActive ? 0 : -1}
      @focusin=${() => actions.activate(row)}
      @dblclick=${() => openFirst(table, actions, server, false)}
    >
      <span role="gridcell" class="name" title=${server.id}>${server.name}</span>
      <span role="gridcell" class="status"
        ><span class="mark" data-status=${server.status} aria-hidden="true"></span>${server.status}</span
      >
      <span role="gridcell" class="project">${server.project}</span>
      ${table.showsHosts ? html`<span role="gridcell" class="host">${server.host}</span>` : nothing}
      <span role="gridcell" class="consoles">${consoleButtons(table, actions, server, isActive)}</span>
      <span role="gridcell" class="last-opened">
        ${
          lastOpened
            ? texts.text("servers.last_opened_by", {
                user: lastOpened.by,
                time: timeOf(lastOpened.at, now, texts.language),
              })
            : texts.text("servers.never")
        }
      </span>
    </div>
  `;
}

/** The row's buttons; only those of the active row are stops of the Tab key, or a long table would never end. */
function consoleButtons(
  table: ServersTable,
  actions: ServersActions,
  server: Server,
  isActive: boolean,
): TemplateResult {
  const { texts } = table;
  const stop = isActive ? 0 : -1;
  const kinds = table.opens ? kindsOf(server.consoles) : [];
  return html`
    ${kinds.map((kind) => {
      const label = consoleName(texts, kind);
      return html`<button
        class="button"
        tabindex=${stop}
        aria-label=${texts.text("console.open", { kind: label, name: server.name })}
        @click=${(event: MouseEvent) => actions.open(server, kind, event.shiftKey || event.ctrlKey || event.metaKey)}
      >
        ${label}
      </button>`;
    })}
    ${
      table.opens && server.keepsLog
        ? html`<button
            class="button"
            tabindex=${stop}
            aria-label=${texts.text("console.log_of", { name: server.name })}
            @click=${() => actions.showLog(server)}
          >
            ${texts.text("console.log")}
          </button>`
        : nothing
    }
    ${
      kinds.length > 0
        ? html`<button
            class="button quiet"
            tabindex=${stop}
            aria-label=${texts.text("console.commands_of", { name: server.name })}
            title=${texts.text("console.commands")}
            @click=${() => actions.showCommands(server)}
          >
            <span aria-hidden="true">&gt;_</span>
          </button>`
        : nothing
    }
  `;
}

/** Opens the console that Enter stands for: the first that the server offers. */
export function openFirst(table: ServersTable, actions: ServersActions, server: Server, ownWindow: boolean): boolean {
  const kind = table.opens ? kindsOf(server.consoles)[0] : undefined;
  if (kind) actions.open(server, kind, ownWindow);
  return kind !== undefined;
}

function consoleName(texts: Texts, kind: ConsoleKind): string {
  return texts.text(`console.${kind.protocol}` as TextKey);
}

function columnClass(key: TextKey): string {
  return key.replace("servers.", "").replace("_", "-");
}
