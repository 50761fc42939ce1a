import assert from "node:assert/strict";
import { test } from "node:test";
import { refuseEscapes, withoutControls } from "../src/screens/escape_filter.ts";

test("titles, clipboard, links, colours and answers with foreign text are swallowed", () => {
  const swallowed = new Set<string>();
  const note = (name: string, handler: (...values: never[]) => boolean | Promise<boolean>): { dispose(): void } => {
    if (handler() === true) swallowed.add(name);
    return { dispose: () => undefined };
  };
  refuseEscapes({
    registerOscHandler: (number, handler) => note(`OSC ${number}`, handler),
    registerCsiHandler: ({ prefix = "", intermediates = "", final }, handler) =>
      note(`CSI ${prefix}${intermediates}${final}`, handler),
    registerDcsHandler: ({ prefix = "", intermediates = "", final }, handler) =>
      note(`DCS ${prefix}${intermediates}${final}`, handler),
  });
  for (const name of ["OSC 0", "OSC 2", "OSC 8", "OSC 10", "OSC 52", "CSI t", "CSI >q", "CSI ?$p", "DCS $q", "DCS +q"])
    assert.ok(swallowed.has(name), name);
  for (const name of ["CSI n", "CSI c", "CSI m", "CSI H"]) assert.ok(!swallowed.has(name), name);
});

test("a pasted text steers nothing", () => {
  assert.equal(withoutControls("a\u001b[201~b\u0000\u009b\tc\r\nd\re"), "a[201~b\tc\nd\ne");
});
