/** The console pages: give the address's token or session to the element, and show in the document what it tells. */

import "../styles/tokens.css";
import "../styles/page.css";
import type { StateDetail } from "../element/events.ts";
import { KeyholeConsole } from "../element/keyhole_console.ts";
import { Embedding } from "./embedding.ts";
import { sessionPage } from "../session/access.ts";
import { consoleInAddress, takeToken } from "./address.ts";

const root = document.documentElement;
const element = new KeyholeConsole();
const embedding = window.parent === window ? null : new Embedding(element, window.parent);

element.type = root.dataset["protocol"] === "serial" ? "serial" : "vnc";
element.console = consoleInAddress(new URL(location.href)) ?? "";
if (!element.console) element.token = takeToken(new URL(location.href), history) ?? "";

element.addEventListener("keyhole-state", (event) => {
  const detail = (event as CustomEvent<StateDetail>).detail;
  root.dataset["state"] = detail.state;
  if (detail.reason) root.dataset["reason"] = detail.reason;
  else delete root.dataset["reason"];
  if (detail.console) keepAddress(detail.console);
  name();
  embedding?.tell(detail);
});
element.addEventListener("keyhole-language", () => {
  root.lang = element.texts.language;
  name();
});

/** From now on the address opens this session again, in this browser: on reload, after a sleep, from the history. */
function keepAddress(console: string): void {
  const address = sessionPage(new URL("/", location.href), console).pathname;
  if (location.pathname !== address) history.replaceState(null, "", address);
}

function name(): void {
  const server = element.state.link?.serverName;
  document.title = server ? element.texts.text("page.title", { server }) : element.texts.text("page.title_alone");
}

document.body.append(element);
