/** The console log of a server: its last lines, searched and followed. */

import { html, type TemplateResult } from "lit";
import type { Texts } from "./texts.ts";

export interface ConsoleLog {
  readonly serverId: string;
  readonly serverName: string;
  readonly lines: readonly string[];
  readonly search: string;
  readonly follows: boolean;
  /** Why there is no newer log, in words; empty when all is well. */
  readonly sentence: string;
}

export interface LogActions {
  readonly search: (words: string) => void;
  readonly follow: (follows: boolean) => void;
  readonly close: () => void;
}

export function logView(texts: Texts, log: ConsoleLog, actions: LogActions): TemplateResult {
  const matches = matching(log.lines, log.search);
  const inputOf = (event: Event): HTMLInputElement => event.currentTarget as HTMLInputElement;
  return html`
    <header>
      <h2 id="log-title">${texts.text("log.title", { name: log.serverName })}</h2>
      <input
        type="search"
        aria-label=${texts.text("log.search")}
        placeholder=${texts.text("log.search")}
        .value=${log.search}
        @input=${(event: Event) => actions.search(inputOf(event).value)}
      />
      <label class="check">
        <input
          type="checkbox"
          .checked=${log.follows}
          @change=${(event: Event) => actions.follow(inputOf(event).checked)}
        />
        ${texts.text("log.follow")}
      </label>
      <button class="button" @click=${actions.close}>${texts.text("log.close")}</button>
    </header>
    <p class="muted" role="status">
      ${log.sentence || (log.search ? texts.text("log.matches", { count: matches.length }) : "")}
    </p>
    <pre id="log-lines" tabindex="0" aria-labelledby="log-title">
${
        log.lines.length === 0
          ? texts.text("log.empty")
          : matches.map((line) => html`<span class="line">${marked(line, log.search)}</span>`)
      }</pre>
  `;
}

function matching(lines: readonly string[], search: string): readonly string[] {
  const wanted = search.toLocaleLowerCase();
  return wanted ? lines.filter((line) => line.toLocaleLowerCase().includes(wanted)) : lines;
}

function marked(line: string, search: string): TemplateResult | string {
  const at = search ? line.toLocaleLowerCase().indexOf(search.toLocaleLowerCase()) : -1;
  if (at < 0) return `${line}\n`;
  const end = at + search.length;
  return html`${line.slice(0, at)}<mark>${line.slice(at, end)}</mark>${line.slice(end)}${"\n"}`;
}
