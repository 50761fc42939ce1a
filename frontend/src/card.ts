/** The one notice over the stage. */

import { byId, make } from "./elements.ts";
import type { CardWords, Offer } from "./words.ts";

const STEPS = ["link", "host", "picture"] as const;

export class Card {
  private readonly card = byId("card", HTMLElement);
  private readonly title = byId("card-title", HTMLElement);
  private readonly says = byId("card-says", HTMLElement);
  private readonly steps = byId("card-steps", HTMLElement);
  private readonly ticket = byId("card-ticket", HTMLElement);
  private readonly actions = byId("card-actions", HTMLElement);
  private readonly does: Readonly<Record<Exclude<Offer, "how_to">, () => void>>;

  constructor(does: Readonly<Record<Exclude<Offer, "how_to">, () => void>>) {
    this.does = does;
  }

  show(words: CardWords | null): void {
    this.card.hidden = words === null;
    if (words === null) return;
    this.title.textContent = words.title;
    this.says.textContent = words.says;
    this.steps.hidden = words.step === null;
    this.steps.dataset["done"] = String(words.step === null ? 0 : STEPS.indexOf(words.step) + 1);
    this.ticket.hidden = words.reason === null;
    this.ticket.replaceChildren(make("code", words.reason ?? ""), ...(words.detail ? [make("bdi", words.detail)] : []));
    this.actions.hidden = words.offers.length === 0;
    this.actions.replaceChildren(...words.offers.map((offer) => this.offer(offer)));
  }

  /** The card itself takes the focus, not a button: who was typing must not press one by accident. */
  focus(): void {
    this.card.focus();
  }

  private offer(offer: Offer): HTMLElement {
    if (offer === "how_to") {
      const link = make("a", "How to get a link", "button");
      link.href = "./";
      return link;
    }
    const button = make("button", offer === "again" ? "Try again" : "Cancel", offer === "again" ? "button primary" : "button");
    button.type = "button";
    button.id = `card-${offer}`;
    button.addEventListener("click", this.does[offer]);
    return button;
  }
}
