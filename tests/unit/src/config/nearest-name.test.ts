import { expect, test } from "vitest";
import { nearestName } from "../../../../src/config/nearest-name.js";

const fields = ["host", "port", "bodyBytesMax", "chunkedRequests"];

test.each([
  ["prot", "port"],
  ["hots", "host"],
  ["HOST", "host"],
  ["bodyByteMax", "bodyBytesMax"],
  ["chunkRequests", "chunkedRequests"],
])("%s is close to %s", (name, nearest) => {
  expect(nearestName(name, fields)).toBe(nearest);
});

test.each(["", "x", "colour", "boost"])("%s is close to nothing", (name) => {
  expect(nearestName(name, fields)).toBeNull();
});
