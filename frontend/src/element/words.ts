/** What a person reads and hears in each state. Pure: from the state and a language's texts. */

import type { Link } from "../session/link.ts";
import type { Ending } from "../session/ending.ts";
import type { ReasonName } from "../core/reasons.ts";
import type { Size } from "../core/size.ts";
import type { State, Step } from "../session/state.ts";
import type { Texts } from "../i18n/texts.ts";

export const OFFERS = ["cancel", "again", "servers", "how_to", "now", "stop"] as const;
export type Offer = (typeof OFFERS)[number];

export interface StateWords {
  readonly title: string;
  readonly says: string;
  /** What goes on by itself: the attempt to reconnect. */
  readonly progress: string;
  readonly offers: readonly Offer[];
  /** How far opening has come; null once it is over. */
  readonly step: Step | null;
  /** For a ticket: the reason's name and what the server added. */
  readonly reason: ReasonName | null;
  readonly detail: string;
}

/** Where a new link would be refused like this one. */
const NO_LINK_HELPS: ReadonlySet<ReasonName> = new Set<ReasonName>(["origin_refused", "revoked"]);

/** The notice over the viewport, or null when the screen is all there is to see. */
export function stateWordsOf(state: State, texts: Texts): StateWords | null {
  switch (state.name) {
    case "opening":
      return {
        title: state.link?.serverName
          ? texts.text("opening.title", { server: state.link.serverName })
          : texts.text("opening.title_alone"),
        says: texts.text(`opening.${state.step}`),
        progress: "",
        offers: state.slow ? ["cancel"] : [],
        step: state.step,
        reason: null,
        detail: "",
      };
    case "connected":
      return null;
    case "reconnecting": {
      const { attempt, pauseMs, ending } = state;
      const pause = { seconds: Math.ceil(pauseMs / 1000) };
      return {
        title: texts.text("reconnecting.title"),
        says: saysOf(ending, texts),
        progress:
          pauseMs > 0
            ? texts.text("reconnecting.waiting", { attempt, pause })
            : texts.text("reconnecting.trying", { attempt }),
        offers: ["now", "stop"],
        step: null,
        reason: ending.reason,
        detail: ending.detail ?? "",
      };
    }
    case "ended": {
      const { ending, again, opened } = state;
      const next = ending.next ? texts.message(ending.next) : texts.reason(ending.reason).next;
      // Where the button is the next step, a sentence that sends the person elsewhere would be wrong.
      const sentences = again && opened ? [saysOf(ending, texts)] : [saysOf(ending, texts), next];
      return {
        title: texts.reason(ending.reason).title,
        says: sentences.filter(Boolean).join(" "),
        progress: "",
        offers: again ? ["again", "servers"] : NO_LINK_HELPS.has(ending.reason) ? [] : ["how_to"],
        step: null,
        reason: ending.reason,
        detail: ending.detail ?? "",
      };
    }
  }
}

function saysOf(ending: Ending, texts: Texts): string {
  return ending.says ? texts.message(ending.says) : texts.reason(ending.reason).says;
}

/** What is said aloud on entering a state, or null where there is nothing new to say. */
export function spokenOf(before: State, state: State, texts: Texts): string | null {
  const words = stateWordsOf(state, texts);
  switch (state.name) {
    case "connected":
      if (before.name !== "connected") return connectedSentence(state.link, state.size, texts);
      if (sameSize(before.size, state.size)) return null;
      return state.link?.protocol === "serial" ? null : texts.text("connected.resized", numbers(state.size));
    case "reconnecting":
    case "ended":
      return words && before.name !== state.name ? spokenTogether(words.title, words.says) : null;
    case "opening":
      return state.slow || before.name !== "opening" || before.link !== state.link
        ? words && `${words.title}: ${words.says}`
        : null;
  }
}

function spokenTogether(title: string, says: string): string {
  return /[.…!?。]$/u.test(title) ? `${title} ${says}` : `${title}. ${says}`;
}

function connectedSentence(link: Link | null, size: Size, texts: Texts): string {
  const key = link?.protocol === "serial" ? "connected.cells" : "connected.pixels";
  const sentence = texts.text(key, { server: nameOf(link, texts), ...numbers(size) });
  return link?.watching ? `${sentence}. ${texts.text("connected.watching")}` : sentence;
}

/** Sizes are said as plain digits, in every language. */
function numbers({ width, height }: Size): { width: string; height: string } {
  return { width: String(width), height: String(height) };
}

function sameSize(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}

export function nameOf(link: Link | null, texts: Texts): string {
  return link?.serverName || texts.text("page.the_server");
}

/** The window's title. */
export function titleOf(link: Link | null, texts: Texts): string {
  return link?.serverName ? texts.text("page.title", { server: link.serverName }) : texts.text("page.title_alone");
}

/** A console type as people call it. */
export function consoleTypeOf(link: Link | null): string {
  if (link === null) return "";
  return link.protocol === "vnc" ? "VNC" : link.consoleType;
}

/** Bytes per second as people write them. */
export function rateOf(bytesPerSecond: number, texts: Texts): string {
  const [amount, unit] =
    bytesPerSecond < 1_000_000 ? [bytesPerSecond / 1000, "kB/s"] : [bytesPerSecond / 1_000_000, "MB/s"];
  return `${amount.toLocaleString(texts.language, { maximumFractionDigits: amount < 10 ? 1 : 0 })} ${unit}`;
}
