/** The folders of src/ from the lowest to the highest: each may use those before it, and none makes a circle. */
const LAYERS = ["core", "keyboard", "i18n", "session", "screens", "element", "dashboard", "pages"];

const upwards = LAYERS.slice(0, -1).map((layer, index) => ({
  name: `${layer}-uses-nothing-above-it`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${LAYERS.slice(index + 1).join("|")})/` },
}));

export default {
  forbidden: [
    ...upwards,
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "everything-is-there", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "\\?inline$" } },
    {
      name: "every-module-has-a-layer",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: [`^src/(${LAYERS.join("|")}|styles)/`] },
    },
    {
      name: "sources-know-no-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^tests/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\?inline$" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default"] },
  },
};
