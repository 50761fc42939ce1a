import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { roundTrip, Traffic } from "../src/session/traffic.ts";

async function listening(answer: RequestListener): Promise<[Server, URL]> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return [server, new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)];
}

test("a line on which no answer comes in time is as slow as the wait was long", async () => {
  const [server, base] = await listening(() => undefined);
  assert.equal(await roundTrip(base, 50), 50);
  server.closeAllConnections();
  server.close();
});

test("where nobody answers there is no time to tell", async () => {
  const [server, base] = await listening(() => undefined);
  server.close();
  await once(server, "close");
  assert.equal(await roundTrip(base), null);
});

test("what came is counted once, over two seconds at least", () => {
  const traffic = new Traffic();
  const socket = new EventTarget();
  traffic.watch(socket as WebSocket);
  socket.dispatchEvent(new MessageEvent("message", { data: new ArrayBuffer(4000) }));
  assert.equal(traffic.take(100), 2000);
  assert.equal(traffic.take(10_100), 0);
});
