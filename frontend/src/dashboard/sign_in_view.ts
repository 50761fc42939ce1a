/** The sign-in form. */

import { html, type TemplateResult } from "lit";
import type { Texts } from "./texts.ts";

export interface SignInForm {
  /** A sign-in is under way. */
  readonly working: boolean;
  /** What came of the last one, in words; empty when there is nothing to say. */
  readonly sentence: string;
}

export type SignIn = (user: string, password: string, project: string) => void;

export function signInView(texts: Texts, form: SignInForm, signIn: SignIn): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const value = (name: string): string => values.get(name) as string;
    if (!form.working) signIn(value("user"), value("password"), value("project"));
  };
  return html`
    <form class="sign-in" @submit=${submit} aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">${texts.text("sign_in.title")}</h2>
      <label
        >${texts.text("sign_in.user")}<input
          id="user"
          name="user"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
      /></label>
      <label
        >${texts.text("sign_in.password")}<input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
      /></label>
      <label
        >${texts.text("sign_in.project")}<input
          id="project"
          name="project"
          autocomplete="organization"
          autocapitalize="none"
          spellcheck="false"
      /></label>
      <p class="sentence" role="alert">${form.sentence}</p>
      <button class="button primary wide" aria-disabled=${form.working}>
        ${texts.text(form.working ? "sign_in.working" : "sign_in.submit")}
      </button>
    </form>
  `;
}
