/** The panel of the session's facts, the leave key and the way out. */

import { html, type TemplateResult } from "lit";
import { LEAVE_KEYS, type LeaveKeyName } from "../../keyboard/leave_key.ts";
import { rateOf } from "../words.ts";
import type { Line } from "../../session/traffic.ts";
import type { ConsoleHost, HasPreferences, HasState, HasTexts } from "../console_host.ts";
import { Popover, type PopoverHost } from "../popover.ts";

type Host = PopoverHost & HasTexts & HasState & HasPreferences & Pick<ConsoleHost, "address">;

export class MorePanel {
  readonly popover: Popover;
  private readonly host: Host;
  private readonly leave: () => void;

  constructor(host: Host, leave: () => void) {
    this.host = host;
    this.leave = leave;
    this.popover = new Popover(host, "more");
  }

  button(): TemplateResult {
    return this.popover.button(this.host.texts.text("bar.more"));
  }

  render(line: Line): TemplateResult {
    const { texts, state, preferences, address } = this.host;
    const names = Object.keys(LEAVE_KEYS) as LeaveKeyName[];
    return this.popover.panel(
      texts.text("more.title"),
      html`<dl>
          ${this.facts(line).map(
            ([term, value]) =>
              html`<dt>${term}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
        <label class="field"
          >${texts.text("more.leave_key")}
          <select
            id="leave-key"
            @change=${(event: Event) => this.host.choose({ leaveKey: (event.target as HTMLSelectElement).value as LeaveKeyName })}
          >
            ${names.map((name) => html`<option value=${name} ?selected=${name === preferences.leaveKey}>${texts.text(`leave.${name}`)}</option>`)}
          </select></label
        >
        <button
          id="close-console"
          type="button"
          class="button wide"
          ?disabled=${state.name === "ended"}
          @click=${() => this.close()}
        >
          ${texts.text("more.close")}
        </button>
        <p class="note">
          <a href=${new URL("licenses.txt", address).href} target="_blank" rel="noopener"
            >${texts.text("more.licences")}</a
          >
        </p>`,
    );
  }

  private close(): void {
    this.popover.close();
    this.leave();
  }

  private facts({ roundTripMs, bytesPerSecond }: Line): readonly (readonly [string, string])[] {
    const { state, texts } = this.host;
    const { link } = state;
    const facts: (readonly [string, string])[] = [[texts.text("more.state"), texts.text(`mark.${state.name}`)]];
    if (state.name === "ended" || state.name === "reconnecting")
      facts.push([texts.text("more.reason"), state.ending.reason]);
    if (link?.serverName)
      facts.push([texts.text("more.server"), link.serverName], [texts.text("more.id"), link.serverId]);
    if (link?.consoleType) facts.push([texts.text("more.console"), `${link.consoleType}, ${link.protocol}`]);
    if (state.name === "connected") {
      facts.push([texts.text("more.screen"), `${state.size.width} × ${state.size.height}`]);
      const rate = rateOf(bytesPerSecond, texts);
      facts.push([
        texts.text("more.line"),
        roundTripMs === null ? rate : texts.text("bar.line", { ms: roundTripMs, rate }),
      ]);
    }
    // An open console does not end when its link expires.
    if (link?.expiresAt && (state.name === "opening" || state.name === "ended"))
      facts.push([texts.text("more.expires"), link.expiresAt.toLocaleTimeString(texts.language)]);
    return facts;
  }
}
