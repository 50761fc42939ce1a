import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type * as face from "../keyhole-console.d.ts";
import { EVENTS, type StateDetail } from "../src/element/events.ts";
import type * as element from "../src/element/keyhole_console.ts";
import { COMMANDS } from "../src/pages/embedding.ts";

/** Compiles only while the class is what its public types say. */
type Holds<Whole extends Part, Part> = Whole extends Part ? true : never;
const held: readonly [
  Holds<
    element.KeyholeConsole,
    Pick<
      face.KeyholeConsole,
      "base" | "token" | "console" | "type" | "connect" | "disconnect" | "typeText" | "sendKeys" | "screenshot"
    >
  >,
  Holds<StateDetail, face.StateDetail>,
] = [true, true];

const DOCUMENTATION = readFileSync(new URL("../../docs/reference/console-component.md", import.meta.url), "utf8");

/** The names in the first column of the documentation's table whose head begins with `head`. */
function documented(head: string): readonly string[] {
  const lines = DOCUMENTATION.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  assert.ok(start >= 0, `no table of ${head}`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map((row) => /^\| `([\w-]+)/.exec(row)?.[1] ?? row);
}

const ATTRIBUTES: readonly (keyof element.KeyholeConsole)[] = ["token", "console", "base", "type", "lang"];
const METHODS: readonly (keyof face.KeyholeConsole)[] = [
  "connect",
  "disconnect",
  "focus",
  "typeText",
  "sendKeys",
  "screenshot",
];

test("every attribute, method, event and command is documented, and no other", () => {
  assert.deepEqual(held, [true, true]);
  assert.deepEqual(documented("attribute"), ATTRIBUTES);
  assert.deepEqual(documented("method"), METHODS);
  assert.deepEqual(documented("event"), Object.values(EVENTS));
  const commands = [...DOCUMENTATION.matchAll(/command: "(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(new Set(commands), new Set(COMMANDS));
});
