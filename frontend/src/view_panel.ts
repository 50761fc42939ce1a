/** The panel for how the screen and the page look. */

import { byId } from "./elements.ts";
import { Popover } from "./popover.ts";
import type { Preferences } from "./preferences.ts";

export class ViewPanel {
  readonly popover: Popover;

  constructor(button: HTMLButtonElement, preferences: Preferences, chosen: (changed: Partial<Preferences>) => void) {
    const dialog = byId("view-panel", HTMLDialogElement);
    this.popover = new Popover(button, dialog);
    for (const radio of dialog.querySelectorAll<HTMLInputElement>("input[type=radio]")) {
      // The names and values of the radio buttons in the document are those of the preferences.
      const name = radio.name as keyof Preferences;
      radio.checked = preferences[name] === radio.value;
      radio.addEventListener("change", () => chosen({ [name]: radio.value }));
    }
  }
}
