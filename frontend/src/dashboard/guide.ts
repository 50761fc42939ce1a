/** How to get a console from a terminal: puts this page's own address into the lines of the guide. */

/** The address of this Keyhole, without a slash at its end. */
export function here(): string {
  return new URL(".", location.href).href.replace(/\/$/, "");
}

export function addresses(): void {
  for (const origin of document.querySelectorAll(".origin")) origin.textContent = here();
}
