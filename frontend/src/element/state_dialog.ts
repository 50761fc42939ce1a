/** The one notice over the viewport. */

import { html, nothing, type TemplateResult } from "lit";
import type { Texts } from "../i18n/texts.ts";
import type { StateWords, Offer } from "./words.ts";

const STEPS = ["link", "host", "picture"] as const;
const LABELS = {
  cancel: "opening.cancel",
  again: "ended.again",
  now: "reconnecting.now",
  stop: "reconnecting.stop",
} as const;
const FIRST: ReadonlySet<Offer> = new Set<Offer>(["again", "now"]);

export type StateActions = Readonly<Record<keyof typeof LABELS, () => void>>;

/** Where the servers are listed. */
export interface Dashboard {
  readonly address: string;
  /** The console's page may give way to it: it is not in a portal's frame. */
  readonly goesBack: boolean;
}

/** The card itself takes the focus, not a button: who was typing must not press one by accident. */
export function stateDialog(
  words: StateWords | null,
  texts: Texts,
  actions: StateActions,
  dashboard: Dashboard,
): TemplateResult {
  const offers = words?.offers.filter((offer) => offer !== "servers" || dashboard.goesBack) ?? [];
  const done = words?.step ? STEPS.indexOf(words.step) + 1 : 0;
  return html`<section
    id="card"
    class="card"
    aria-labelledby="card-title"
    aria-describedby="card-says"
    tabindex="-1"
    ?hidden=${words === null}
  >
    <h2 id="card-title">${words?.title}</h2>
    <p id="card-says">${words?.says}</p>
    ${words?.progress ? html`<p id="card-progress" class="note">${words.progress}</p>` : nothing}
    ${done > 0 ? html`<div class="steps" data-done=${done} aria-hidden="true"><i></i><i></i><i></i></div>` : nothing}
    ${
      words?.reason
        ? html`<p id="card-ticket" class="ticket">
            <code>${words.reason}</code>${words.detail ? html`<bdi>${words.detail}</bdi>` : nothing}
          </p>`
        : nothing
    }
    ${offers.length > 0 ? html`<div class="card-actions">${offers.map((offer) => button(offer, texts, actions, dashboard.address))}</div>` : nothing}
  </section>`;
}

function button(offer: Offer, texts: Texts, actions: StateActions, dashboard: string): TemplateResult {
  if (offer === "how_to" || offer === "servers")
    return html`<a class="button" href=${dashboard}>${texts.text(`ended.${offer}`)}</a>`;
  return html`<button
    id="card-${offer}"
    type="button"
    class="button ${FIRST.has(offer) ? "primary" : ""}"
    @click=${actions[offer]}
  >
    ${texts.text(LABELS[offer])}
  </button>`;
}
