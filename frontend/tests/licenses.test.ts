import assert from "node:assert/strict";
import { test } from "node:test";
import { notice, packageOf, readPackage } from "../licenses.ts";

test("a bundled module's package is found", () => {
  assert.equal(packageOf("/x/node_modules/lit/index.js"), "lit");
  assert.equal(packageOf("/x/node_modules/@novnc/novnc/core/rfb.js"), "@novnc/novnc");
  assert.equal(packageOf("/x/node_modules/a/node_modules/@b/c/d.js?commonjs"), "@b/c");
  assert.equal(packageOf("/x/src/pages/console.ts"), null);
});

const lit = { name: "lit", version: "1", license: "MIT", source: "https://lit.example", texts: ["Be free."] };

test("each package is listed with its licence", () => {
  const text = notice([lit, { ...lit, name: "other", license: "BSD-3-Clause" }]);
  assert.match(text, /^lit 1 \(MIT\), unchanged, source: https:\/\/lit\.example\n/);
  assert.match(text, /Be free\.\n\nother 1 \(BSD-3-Clause\)/);
});

test("a licence that is not compatible, or has no text, stops the build", () => {
  assert.throws(() => notice([{ ...lit, license: "GPL-3.0-only" }]), /lit is under GPL-3\.0-only/);
  assert.throws(() => notice([{ ...lit, texts: [] }]), /lit has no licence text/);
});

test("the licences of what the pages are made of are compatible", () => {
  const names = ["@novnc/novnc", "@xterm/xterm", "intl-messageformat", "lit"];
  const text = notice(names.map((name) => readPackage(name)));
  assert.match(text, /Mozilla Public License/i);
  assert.match(text, /pako|Vitaly Puzrin/i);
});
