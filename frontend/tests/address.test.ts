import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleInAddress, takeToken, tokenInAddress } from "../src/pages/address.ts";

const page = (query: string): URL => new URL(`https://console.example.com/vnc_lite.html${query}`);

test("the token is found wherever a console link carries it", () => {
  const addresses: [string, string | null][] = [
    ["?path=%3Ftoken%3Dabc", "abc"],
    ["?path=%3Ftoken%3Dabc&title=vm1(1)", "abc"],
    ["?path=websockify%3Ftoken%3Dabc", "abc"],
    ["?path=websockify?token=abc", "abc"],
    ["?path=%3Fa%3D1%26token%3Dabc", "abc"],
    ["?token=abc", "abc"],
    ["?path=websockify&token=abc", "abc"],
    ["?path=%3Ftoken%3Done&token=two", "one"],
    ["?path=%3Ftoken%3D&token=two", "two"],
    ["?path=token%3Dabc", null],
    ["?token=", null],
    ["", null],
  ];
  for (const [query, token] of addresses) assert.equal(tokenInAddress(page(query)), token, query);
});

class FakeHistory {
  state: unknown = null;
  address = "";
  replaceState(state: unknown, _title: string, address: string): void {
    this.state = state;
    this.address = address;
  }
}

test("the token leaves the address bar, and a reload still finds it", () => {
  const history = new FakeHistory();
  const taken = takeToken(page("?path=%3Ftoken%3Dabc"), history as unknown as History);
  assert.equal(taken, "abc");
  assert.equal(history.address, "/vnc_lite.html");
  assert.equal(takeToken(page(""), history as unknown as History), "abc");
});

test("a new link in the address wins over the one remembered", () => {
  const history = new FakeHistory();
  history.state = { token: "old" };
  assert.equal(takeToken(page("?token=new"), history as unknown as History), "new");
});

test("a history state that is not ours is no token", () => {
  for (const state of [null, "abc", 7, {}, { token: 7 }, { token: "" }]) {
    const history = new FakeHistory();
    history.state = state;
    assert.equal(takeToken(page(""), history as unknown as History), null);
  }
});

test("a session's address is its id and nothing else", () => {
  const id = "0123456789abcdef0123456789abcdef";
  const at = (path: string): string | null => consoleInAddress(new URL(path, "https://host"));
  assert.equal(at(`/c/${id}`), id);
  assert.equal(at(`/c/${id}?token=x`), id);
  for (const path of [
    `/c/${id}/`,
    `/c/${id}/session`,
    `/d/${id}`,
    "/c/",
    `/c/${id.toUpperCase()}`,
    `/c/${id}0`,
    "/vnc_lite.html",
  ]) {
    assert.equal(at(path), null, path);
  }
});
