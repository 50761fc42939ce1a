/** The pictures on the bar's buttons: 16 by 16, drawn with lines. */

import { html, svg, type TemplateResult } from "lit";

const SHAPES = {
  keyboard: svg`<rect x="1.25" y="3.25" width="13.5" height="7" rx="1.5" /><path d="M4 5.75h.01M6.67 5.75h.01M9.33 5.75h.01M12 5.75h.01M5 8h6M6 13l2 1.5 2-1.5" />`,
  keys: svg`<rect x="1.25" y="3.75" width="13.5" height="8.5" rx="1.5" /><path d="M4 6.5h.01M6.67 6.5h.01M9.33 6.5h.01M12 6.5h.01M4.75 9.5h6.5" />`,
  paste: svg`<path d="M5.5 2.75h-1.5a1.25 1.25 0 0 0-1.25 1.25v9A1.25 1.25 0 0 0 4 14.25h8A1.25 1.25 0 0 0 13.25 13V4A1.25 1.25 0 0 0 12 2.75h-1.5" /><rect x="5.5" y="1.5" width="5" height="2.75" rx=".75" /><path d="M5.75 8h4.5M5.75 10.75h3" />`,
  view: svg`<rect x="1.25" y="2.5" width="13.5" height="8.75" rx="1.5" /><path d="M8 11.25v2.5M5 13.75h6" />`,
  screenshot: svg`<path d="M2.5 4.75h2.25l1-1.75h4.5l1 1.75h2.25c.7 0 1.25.55 1.25 1.25v6c0 .7-.55 1.25-1.25 1.25h-11c-.7 0-1.25-.55-1.25-1.25V6c0-.7.55-1.25 1.25-1.25z" /><circle cx="8" cy="8.75" r="2.25" />`,
  "full-screen": svg`<path d="M2.25 5.75v-3.5h3.5M10.25 2.25h3.5v3.5M13.75 10.25v3.5h-3.5M5.75 13.75h-3.5v-3.5" />`,
  more: svg`<path class="dots" d="M3 8h.01M8 8h.01M13 8h.01" />`,
} as const;

export type IconName = keyof typeof SHAPES;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${SHAPES[name]}</svg>`;
}
