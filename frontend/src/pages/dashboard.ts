/** The dashboard's page: shows in the document what the element tells. */

import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/dashboard.css";
import { KeyholeDashboard } from "../dashboard/keyhole_dashboard.ts";

const root = document.documentElement;
const element = new KeyholeDashboard();

element.addEventListener("keyhole-phase", (event) => {
  root.dataset["state"] = (event as CustomEvent<{ readonly phase: string }>).detail.phase;
});
element.addEventListener("keyhole-language", () => {
  root.lang = element.texts.language;
  document.title = element.texts.text("page.title");
});

document.body.append(element);
