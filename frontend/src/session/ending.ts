import type { ReasonName } from "../core/reasons.ts";
import type { Message } from "../i18n/texts.ts";

/** Why the console ended or never opened. */
export interface Ending {
  readonly reason: ReasonName;
  /** The page's own sentence where it knows better than the vocabulary what happened. */
  readonly says?: Message | undefined;
  readonly next?: Message | undefined;
  /** One short sentence of the server's, for a ticket. Foreign text. */
  readonly detail?: string | undefined;
}
