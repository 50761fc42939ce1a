/** Where the token or the session is in the page's address, and how the token leaves it. */

import { isConsoleId } from "../session/access.ts";

/** The session of `/c/ID`; null for every other address. */
export function consoleInAddress(address: URL): string | null {
  const [, folder, id, ...more] = address.pathname.split("/");
  return folder === "c" && more.length === 0 && isConsoleId(id) ? id : null;
}

/** The token of `?path=%3Ftoken%3DTOK` (also `path=websockify?token=TOK`), else of `?token=TOK`; null when there is none. */
export function tokenInAddress(address: URL): string | null {
  const path = address.searchParams.get("path");
  if (path !== null) {
    const query = path.indexOf("?");
    const token = query < 0 ? null : new URLSearchParams(path.slice(query + 1)).get("token");
    if (token) return token;
  }
  return address.searchParams.get("token") || null;
}

/**
 * Takes the token out of the address bar and keeps it in the history entry's state instead.
 *
 * The address is what gets copied, bookmarked and seen in screenshots, so the token must not stay there. Forgetting it
 * altogether would make a reload say "this address is not complete", which is wrong and sends the person looking for a
 * fault that is not there. From the entry's state (private to this tab and this origin) a reload still finds it, and
 * says what is true: that the link has been used, or, where links may be reused or the console never opened, it opens.
 */
export function takeToken(address: URL, history: History): string | null {
  const token = tokenInAddress(address);
  if (token === null) return tokenInState(history.state);
  history.replaceState({ token }, "", address.pathname);
  return token;
}

function tokenInState(state: unknown): string | null {
  if (typeof state !== "object" || state === null || !("token" in state)) return null;
  return typeof state.token === "string" && state.token !== "" ? state.token : null;
}
