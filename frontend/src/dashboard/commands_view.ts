/** The same console from a terminal: lines to copy. */

import { html, nothing, type TemplateResult } from "lit";
import type { Server } from "./model.ts";
import type { Texts } from "./texts.ts";

export interface Command {
  readonly tool: string;
  readonly line: string;
}

/** `here` is the address of this Keyhole, without a slash at its end. */
export function commandsOf(server: Server, here: string): readonly Command[] {
  const id = quoted(server.id);
  const [option, body] = server.consoles.includes("vnc")
    ? ["--novnc", { protocol: "vnc", type: "novnc" }]
    : ["--serial", { protocol: "serial", type: "serial" }];
  return [
    { tool: "keyhole", line: `keyhole console ${id} --type ${body.type} --open` },
    { tool: "openstack", line: `openstack console url show ${option} ${id}` },
    {
      tool: "curl",
      line: [
        `curl ${here}/compute/v2.1/servers/${id}/remote-consoles`,
        `-H "X-Auth-Token: $TOKEN" -H "OpenStack-API-Version: compute 2.6"`,
        `--json '${JSON.stringify({ remote_console: body })}'`,
      ].join(" \\\n  "),
    },
  ];
}

/** A word for the shell. */
function quoted(word: string): string {
  return /^[\w.:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function commandsView(
  texts: Texts,
  server: Server,
  commands: readonly Command[],
  copied: string,
  copy: ((command: Command) => void) | null,
  close: () => void,
): TemplateResult {
  return html`
    <header>
      <h2 id="commands-title">${texts.text("commands.title", { name: server.name })}</h2>
      <button class="button" @click=${close}>${texts.text("commands.close")}</button>
    </header>
    ${commands.map(
      (command) => html`
        <section class="command">
          <h3>${command.tool}</h3>
          <pre tabindex="0"><code>${command.line}</code></pre>
          ${
            copy
              ? html`<button
                  class="button"
                  aria-label=${texts.text("commands.copy_of", { tool: command.tool })}
                  @click=${() => copy(command)}
                >
                  ${texts.text(copied === command.tool ? "commands.copied" : "commands.copy")}
                </button>`
              : nothing
          }
        </section>
      `,
    )}
  `;
}
