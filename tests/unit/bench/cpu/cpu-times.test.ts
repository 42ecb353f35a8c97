import { describe, expect, test } from "vitest";
import { findDescendants, parseMemoryLine, parseSchedstat, parseStat } from "../../../../bench/cpu/cpu-times.js";

describe("a stat line", () => {
  // Taken from a running machine; the name is made worse.
  const line =
    "4242 (no (de) 1) S 17 4242 4242 0 -1 4194304 30 40 0 0 1234 56 7 8 20 0 11 0 99 1118816 76716 18446744073709551615";

  test("gives times in ms whatever the name holds", () => {
    expect(parseStat(line)).toEqual({ name: "no (de) 1", parentPid: 17, ownMs: 12_900, reapedMs: 150 });
  });
});

test("a schedstat line gives ms, and null where the kernel counts nothing", () => {
  expect(parseSchedstat("679699000 379475 4\n")).toBeCloseTo(679.699, 6);
  expect(parseSchedstat("0 0 0\n")).toBeNull();
  expect(parseSchedstat("")).toBeNull();
});

test("memory is read in bytes from the line of its name", () => {
  const status = "Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
  expect(parseMemoryLine(status, "VmRSS")).toBe(1024 * 1024);
  expect(parseMemoryLine(status, "VmHWM")).toBe(2048 * 1024);
  expect(parseMemoryLine("", "VmRSS")).toBeNaN();
});

test("what lies below a process are its children and all of theirs, and nothing beside it", () => {
  const parents = new Map([
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 1],
    [6, 4],
  ]);
  expect(findDescendants(2, parents)).toEqual([3, 4, 6]);
  expect(findDescendants(5, parents)).toEqual([]);
});
