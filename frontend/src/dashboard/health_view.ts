/** How Keyhole is: one line beside the title, in space that is always there, and for admins a list of all problems. */

import { html, nothing, type TemplateResult } from "lit";
import type { Health, Problem } from "./model.ts";
import type { TextKey, Texts } from "./texts.ts";

/** More are a case for the log: nobody reads on. */
const LISTED = 200;

const PARTS: Readonly<Record<string, TextKey>> = {
  store: "health.store",
  identity: "health.identity",
  static: "health.static",
  qemu: "health.qemu",
  simulated: "health.simulated",
};

/** `detailed`: the person is an admin. Others learn only that Keyhole as a whole is impaired, never of whose servers. */
export function healthView(texts: Texts, health: Health, detailed: boolean, showAll: () => void): TemplateResult {
  return html`<div class="health" role="status">
    ${detailed ? problemsLine(texts, health, showAll) : impairedLine(texts, health)}
  </div>`;
}

function impairedLine(texts: Texts, health: Health): TemplateResult | typeof nothing {
  if (health.ready) return nothing;
  return html`<span class="sentence">${texts.text("health.impaired")}</span>`;
}

function problemsLine(texts: Texts, { count, problems }: Health, showAll: () => void): TemplateResult | typeof nothing {
  const first = problems[0];
  if (first === undefined) return nothing;
  return html`
    <strong>${texts.text("health.problems", { count })}</strong>
    <span class="sentence">${sentenceOf(texts, first)}</span>
    <button class="button" id="show-problems" @click=${showAll}>${texts.text("health.details")}</button>
  `;
}

export function problemsView(texts: Texts, { count, problems }: Health, close: () => void): TemplateResult {
  const listed = problems.slice(0, LISTED);
  const more = count - listed.length;
  return html`
    <header>
      <h2 id="problems-title">${texts.text("health.title")}</h2>
      <button class="button" @click=${close}>${texts.text("health.close")}</button>
    </header>
    <ul tabindex="0" aria-labelledby="problems-title">
      ${listed.map((problem) => html`<li>${sentenceOf(texts, problem)}</li>`)}
    </ul>
    ${more > 0 ? html`<p class="muted">${texts.text("health.more", { count: more })}</p>` : nothing}
  `;
}

function sentenceOf(texts: Texts, { part, sentence }: Problem): string {
  const key = PARTS[part];
  return texts.text("health.problem", { part: key === undefined ? part : texts.text(key), sentence });
}
