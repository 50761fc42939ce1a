import assert from "node:assert/strict";
import { test } from "node:test";
import { drawnSize } from "../src/screens/scaling.ts";

const TEXT_SCREEN = { width: 720, height: 400 };

test("sharp grows in whole steps of the display's own pixels", () => {
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 1500, height: 860 }, "sharp", 1), {
    width: 1440,
    height: 800,
    pixelated: true,
  });
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 1280, height: 760 }, "sharp", 1), {
    width: 720,
    height: 400,
    pixelated: true,
  });
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 1280, height: 760 }, "sharp", 2), {
    width: 1080,
    height: 600,
    pixelated: true,
  });
});

test("what is too large is shrunk to fit, softly", () => {
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 360, height: 700 }, "sharp", 1), {
    width: 360,
    height: 200,
    pixelated: false,
  });
});

test("smooth fills the room in one direction and keeps the shape", () => {
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 1080, height: 760 }, "smooth", 1), {
    width: 1080,
    height: 600,
    pixelated: false,
  });
});

test("actual size is the remote screen's own, whatever the room", () => {
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 100, height: 100 }, "actual", 3), {
    ...TEXT_SCREEN,
    pixelated: false,
  });
});

test("a screen without a size is not drawn", () => {
  assert.deepEqual(drawnSize({ width: 0, height: 0 }, TEXT_SCREEN, "sharp", 1), {
    width: 0,
    height: 0,
    pixelated: false,
  });
});

test("zoom is so many percent of the actual size, with hard edges once it is twice as large", () => {
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 1, height: 1 }, "zoom", 1, 50), {
    width: 360,
    height: 200,
    pixelated: false,
  });
  assert.deepEqual(drawnSize(TEXT_SCREEN, { width: 1, height: 1 }, "zoom", 1, 200), {
    width: 1440,
    height: 800,
    pixelated: true,
  });
});
