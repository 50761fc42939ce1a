/** The page's foot: how to get a console from a terminal, and which language the page speaks. */

import { html, type TemplateResult } from "lit";
import { LANGUAGES, type Language } from "../i18n/languages.ts";
import type { Texts } from "./texts.ts";

/** `here` is the address of this Keyhole, without a slash at its end; `chosen` is empty where the browser's is taken. */
export function guideView(
  texts: Texts,
  here: string,
  chosen: Language | "",
  choose: (language: Language | "") => void,
): TemplateResult {
  return html`
    <details>
      <summary>${texts.text("guide.title")}</summary>
      <p>${texts.text("guide.who")}</p>
      <pre tabindex="0"><code>export OS_AUTH_URL=${here}/identity/v3
export OS_IDENTITY_API_VERSION=3
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default
export OS_USERNAME=demo OS_PROJECT_NAME=demo
read -rs -p "Password: " OS_PASSWORD &amp;&amp; export OS_PASSWORD</code></pre>
      <p>${texts.text("guide.ask")}</p>
      <pre tabindex="0"><code>keyhole console SERVER --open
openstack console url show --novnc SERVER</code></pre>
      <p>${texts.text("guide.once")}</p>
      <p><a href="./readyz">${texts.text("guide.parts")}</a></p>
    </details>
    <label class="check">
      ${texts.text("page.language")}
      <select
        id="language"
        @change=${(event: Event) => choose((event.currentTarget as HTMLSelectElement).value as Language | "")}
      >
        <option value="" ?selected=${chosen === ""}>${texts.text("page.language_auto")}</option>
        ${Object.entries(LANGUAGES).map(
          ([tag, name]) => html`<option value=${tag} lang=${tag} ?selected=${chosen === tag}>${name}</option>`,
        )}
      </select>
    </label>
  `;
}
