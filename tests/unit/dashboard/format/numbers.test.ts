import { describe, expect, test } from "vitest";
import {
  formatBytes,
  formatChange,
  formatCost,
  formatCount,
  formatDuration,
  formatExactCost,
  formatShare,
} from "../../../../dashboard/src/format/numbers.js";

describe("numbers", () => {
  test("are a dash where they are not known, never a zero", () => {
    for (const format of [formatBytes, formatCost, formatCount, formatDuration, formatShare])
      expect(format(null)).toBe("–");
    expect(formatCost(0)).toBe("$0");
  });

  test("show the parts of a cost with every decimal that a cost has", () => {
    expect([0, 10, 0.0000015, 0.1 + 0.2].map(formatExactCost)).toEqual(["$0", "$10", "$0.0000015", "$0.3"]);
    expect(formatExactCost(null)).toBe("–");
  });

  test.each([
    [0.42, "0.42 ms"],
    [312.4, "312 ms"],
    [2310, "2.31 s"],
    [72_000, "1 m 12 s"],
    [7_260_000, "2 h 1 m"],
  ])("show %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    [0.0177, "$0.0177"],
    [0.000102, "$0.000102"],
    [48.39, "$48.39"],
    [0.0000000001, "<$0.000001"],
  ])("show %d dollars as %s", (usd, text) => {
    expect(formatCost(usd)).toBe(text);
  });

  test("show a change against what was before, and none against nothing", () => {
    expect([formatChange(112, 100), formatChange(50, 100), formatChange(100, 100), formatChange(2000, 100)]).toEqual([
      "+12 %",
      "−50 %",
      "±0 %",
      "×20",
    ]);
    expect(formatChange(5, 0)).toBeNull();
  });
});
