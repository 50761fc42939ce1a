import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsOf } from "../../src/dashboard/commands_view.ts";
import { consoleAddress, kindsOf } from "../../src/dashboard/consoles.ts";
import { readServers } from "../../src/dashboard/model.ts";

test("consoles are offered best first, and only those that a page can show", () => {
  assert.deepEqual(
    kindsOf(["mks", "spice", "serial", "vnc"]).map((kind) => kind.type),
    ["novnc", "serial"],
  );
  assert.deepEqual(kindsOf([]), []);
});

test("a serial console's WebSocket becomes the page beside it", () => {
  assert.equal(consoleAddress("wss://h.example/?token=t"), "https://h.example/serial.html?token=t");
  assert.equal(consoleAddress("ws://127.0.0.1:6080/?token=t"), "http://127.0.0.1:6080/serial.html?token=t");
  const page = "https://h.example/vnc_lite.html?path=%3Ftoken%3Dt";
  assert.equal(consoleAddress(page), page);
});

test("no other address is gone to", () => {
  for (const address of ["javascript:alert(1)", "data:text/html,x", "", "vnc_lite.html"]) {
    assert.throws(() => consoleAddress(address), TypeError, address);
  }
});

test("a server's id cannot break out of a command", () => {
  const { servers } = readServers({ servers: [{ id: "a'; rm -rf ~ #", name: "x", consoles: ["vnc"] }] });
  for (const { line } of commandsOf(servers[0]!, "https://h")) assert.match(line, /'a'\\''; rm -rf ~ #'/);
});
