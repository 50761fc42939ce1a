/** Text from a guest, a hypervisor or the network: never HTML, and never longer or stranger than a label can bear. */

/** Control characters, and the marks that reverse or hide what follows them (Unicode's Cc and Cf). */
const INVISIBLE = /[\p{Cc}\p{Cf}]+/gu;

/** One line of at most `limit` characters; an empty string for anything that is not text. */
export function oneLine(value: unknown, limit: number): string {
  if (typeof value !== "string") return "";
  const line = value.replace(INVISIBLE, " ").trim();
  const characters = Array.from(line);
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join("")}…`;
}

/** A name that every file system takes. */
export function fileName(value: string): string {
  return value.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "") || "console";
}
