import { expect, test } from "vitest";
import { composeProcesses, defaultHome } from "../../../../src/config/default-home.js";

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
  expect(composeProcesses({}, cores)).toEqual({ processes: 1, lanes });
});

test.each([
  [{ processes: "auto" as const }, 4, { processes: 4, lanes: 1 }],
  [{ processes: 2 }, 8, { processes: 2, lanes: 2 }],
  [{ processes: 8 }, 2, { processes: 8, lanes: 1 }],
  [{ processes: "auto" as const, lanes: 3 }, 2, { processes: 2, lanes: 3 }],
])("%j on %i cores is %j", (settings, cores, expected) => {
  expect(composeProcesses(settings, cores)).toEqual(expected);
});
