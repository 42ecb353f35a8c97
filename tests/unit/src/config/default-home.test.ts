import { expect, test } from "vitest";
import { defaultHome, defaultLanes } from "../../../../src/config/default-home.js";

test.each([
  [0, "/var/lib/loom"],
  [1000, "/work/.loom"],
  [null, "/work/.loom"],
])("user %s has the home %s", (uid, home) => {
  expect(defaultHome("/work", uid)).toBe(home);
});

test.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [4, 2],
  [8, 4],
  [64, 4],
])("%i cores get %i lanes", (cores, lanes) => {
  expect(defaultLanes(cores)).toBe(lanes);
});
