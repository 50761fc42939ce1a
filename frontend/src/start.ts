/** The start page: how to get a console. Puts this page's own address into the lines and lets them be copied. */

import "./styles/tokens.css";
import "./styles/start.css";
import { byId, make } from "./elements.ts";

const here = new URL(".", location.href).href.replace(/\/$/, "");
for (const origin of document.querySelectorAll(".origin")) origin.textContent = here;

// The clipboard is open to pages in a secure context only; without it there is no button that would do nothing.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll("pre")) block.append(copyButton(block.textContent));
}

function copyButton(text: string): HTMLButtonElement {
  const button = make("button", "Copy", "button copy");
  button.type = "button";
  button.addEventListener("click", () => {
    void navigator.clipboard.writeText(text).then(() => {
      button.textContent = "Copied";
      byId("copied", HTMLElement).textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2_000);
    });
  });
  return button;
}
