import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollTo, visibleRows } from "../../src/dashboard/rows.ts";

test("rows in sight are drawn, with some to spare, and never all of a long list", () => {
  const { first, end } = visibleRows(10_000, 44, 44_000, 440);
  assert.ok(first <= 1_000 && end >= 1_010);
  assert.ok(end - first < 40);
});

test("no row before the first or after the last is drawn", () => {
  assert.deepEqual(visibleRows(3, 44, 0, 440), { first: 0, end: 3 });
  assert.deepEqual(visibleRows(0, 44, 0, 440), { first: 0, end: 0 });
  const { first, end } = visibleRows(5, 44, 100_000, 440);
  assert.ok(first <= end && end === 5);
});

test("scrolling goes no further than the row needs", () => {
  assert.equal(scrollTo(0, 44, 440, 440), 0);
  assert.equal(scrollTo(12, 44, 440, 440), 440);
  assert.equal(scrollTo(30, 44, 440, 440), 30 * 44 + 44 - 440);
});
