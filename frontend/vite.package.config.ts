import { defineConfig } from "vite";

/** The element as a package for portals: one entry, its viewers and languages fetched when they are wanted. */
export default defineConfig({
  publicDir: false,
  build: {
    target: "es2023",
    outDir: "package",
    emptyOutDir: true,
    minify: "esbuild",
    lib: { entry: "src/element/keyhole_console.ts", formats: ["es"], fileName: "keyhole-console" },
    rollupOptions: { output: { chunkFileNames: "[name]-[hash].js" } },
  },
});
