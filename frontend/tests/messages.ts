/** Looks into ICU messages: what a translation must have in common with the English text. */

import { IntlMessageFormat } from "intl-messageformat";

type Part = ReturnType<IntlMessageFormat["getAst"]>[number];

/** The arguments of a message with their kinds, each once: `count:plural`, `name:argument`. Throws where it is no message. */
export function argumentsOf(message: string, language: string): readonly string[] {
  const ast = new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).getAst();
  return [...new Set(ast.flatMap(namesIn))].sort();
}

function namesIn(part: Part): readonly string[] {
  const { type, value, options } = part as {
    type: number;
    value?: unknown;
    options?: Record<string, { value: Part[] }>;
  };
  const kind = { 1: "argument", 2: "number", 3: "date", 4: "time", 5: "select", 6: "plural" }[type];
  if (kind === undefined) return [];
  const within = Object.values(options ?? {}).flatMap((option) => option.value.flatMap(namesIn));
  return [`${String(value)}:${kind}`, ...within];
}

/** The plural forms that a language has for whole numbers, by CLDR; "many" of large round numbers reads like "other". */
export function pluralFormsOf(message: string, language: string): readonly string[] | null {
  const ast = new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).getAst();
  const plural = ast.find(({ type }) => (type as number) === 6) as { options: Record<string, unknown> } | undefined;
  return plural ? Object.keys(plural.options) : null;
}

/** Those of them that numbers up to 10,000 need. */
export function neededFormsOf(language: string): readonly string[] {
  const rules = new Intl.PluralRules(language);
  return [...new Set(Array.from({ length: 10_000 }, (_, number) => rules.select(number)))];
}
