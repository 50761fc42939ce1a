import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type * as face from "../keyhole-console.d.ts";
import type * as events from "../src/element/events.ts";
import type * as element from "../src/element/keyhole_console.ts";

/** Compiles only while the class is what its public types say. */
type Holds<Whole extends Part, Part> = Whole extends Part ? true : never;
const held: readonly [
  Holds<element.KeyholeConsole, Pick<face.KeyholeConsole, "base" | "token" | "console" | "type" | "connect" | "disconnect" | "typeText" | "sendKeys" | "screenshot">>,
  Holds<events.StateDetail, face.StateDetail>,
] = [true, true];

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const documentation = read("../../docs/reference/console-component.md");

test("every attribute, method, event and command is documented", () => {
  assert.deepEqual(held, [true, true]);
  const told = [...read("../src/element/events.ts").matchAll(/"(keyhole-\w+)", \{/g)].map(([, name]) => name);
  assert.deepEqual(new Set(told), new Set(["keyhole-state", "keyhole-language"]));
  const commands = [...read("../src/embedding.ts").matchAll(/case "(\w+)":/g)].map(([, name]) => name);
  assert.equal(commands.length, 6);
  const members = ["base", "token", "console", "type", "lang", "connect()", "disconnect()", "focus()", "typeText(", "sendKeys(", "screenshot()"];
  for (const name of [...members, ...told, ...commands.map((command) => `\`${command}\``)]) {
    assert.ok(documentation.includes(name ?? ""), `docs/reference/console-component.md lacks ${name}`);
  }
});
