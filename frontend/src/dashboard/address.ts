/** Where this Keyhole is. */

/** The address of this Keyhole, without a slash at its end. */
export function here(): string {
  return new URL(".", location.href).href.replace(/\/$/, "");
}
