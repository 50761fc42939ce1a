import js from "@eslint/js";
import { configs as lit } from "eslint-plugin-lit";
import { configs as typescript, config } from "typescript-eslint";

export default config(
  { ignores: ["node_modules", "package"] },
  js.configs.recommended,
  lit["flat/recommended"],
  {
    files: ["**/*.ts"],
    extends: [typescript.strictTypeChecked, typescript.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["*.ts"] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      // Answers whose shape is not yet known are read by ["key"].
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      // An empty text is as good as none: || says so.
      "@typescript-eslint/prefer-nullish-coalescing": "off",
      // "as T" says what is known to be there; "!" is forbidden.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // Types do not see what changes during an await, nor what is not there before the first drawing.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "Export by name." }],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  {
    files: ["tests/**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
      ],
      "@typescript-eslint/no-base-to-string": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  { files: ["**/*.d.ts", "*.config.ts", "*.config.mjs", ".*.mjs"], rules: { "no-restricted-syntax": "off" } },
);
