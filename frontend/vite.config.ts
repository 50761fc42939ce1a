import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** What the pages are made of beside Keyhole's own code: title, where its source is, licence texts in node_modules. */
const LIBRARIES = [
  {
    title: "noVNC 1.7.0 (MPL-2.0), unchanged, source: https://github.com/novnc/noVNC",
    texts: ["@novnc/novnc/LICENSE.txt", "@novnc/novnc/docs/LICENSE.MPL-2.0"],
  },
  { title: "Lit 3.3.3 (BSD-3-Clause), source: https://github.com/lit/lit", texts: ["lit/LICENSE"] },
  { title: "xterm.js 6.0.0 (MIT), source: https://github.com/xtermjs/xterm.js", texts: ["@xterm/xterm/LICENSE"] },
  {
    title: "intl-messageformat 12.1.5 (BSD-3-Clause), source: https://github.com/formatjs/formatjs",
    texts: ["intl-messageformat/LICENSE.md"],
  },
  {
    title: "ICU message parser of FormatJS (MIT), source: https://github.com/formatjs/formatjs",
    texts: ["@formatjs/icu-messageformat-parser/LICENSE.md"],
  },
  {
    title: "pako (MIT), part of noVNC, source: https://github.com/nodeca/pako",
    texts: ["@novnc/novnc/vendor/pako/LICENSE"],
  },
];

/** Writes licenses.txt beside the pages: whoever is given the libraries is given their licences. */
function licenses(): Plugin {
  return {
    name: "keyhole-licenses",
    generateBundle() {
      const parts = LIBRARIES.map(({ title, texts }) =>
        [title, "=".repeat(title.length), ...texts.map((path) => readFileSync(`node_modules/${path}`, "utf8"))].join(
          "\n\n",
        ),
      );
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: parts.join("\n\n") });
    },
  };
}

export default defineConfig({
  // The console page is served at /vnc_lite.html and at /c/ID: its addresses begin at the root, where Keyhole always is.
  base: "/",
  plugins: [licenses()],
  build: {
    target: "es2023",
    // Nothing is inlined: the pages' Content-Security-Policy allows no inline script or style.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: { input: ["vnc_lite.html", "serial.html", "index.html"] },
  },
});
