import { defineConfig } from "vite";
import { licenses } from "./licenses.ts";

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
