import { describe, expect, test } from "vitest";
import {
  bucketMinutesFor,
  isRangeText,
  nameLength,
  readLength,
  resolveRange,
  searchOfMoments,
} from "../../../../dashboard/src/range/range.js";

const now = Date.parse("2026-11-21T14:30:00Z");

describe("a range", () => {
  test.each([
    ["45m", 2_700_000],
    ["7d", 604_800_000],
    ["now-90m", 5_400_000],
    ["2w", 1_209_600_000],
  ])("reads %s as a length", (text, ms) => {
    expect(readLength(text)).toBe(ms);
    expect(resolveRange({ range: text }, now, "utc").fromMs).toBe(now - ms);
  });

  test.each(["", "0m", "7", "d7", "now", "-3h", "1y", "1h30m"])("does not take %j for one", (text) => {
    expect(isRangeText(text)).toBe(false);
  });

  test("counts a day from its midnight in the zone", () => {
    expect(new Date(resolveRange({ range: "now/d" }, now, "utc").fromMs).toISOString()).toBe(
      "2026-11-21T00:00:00.000Z",
    );
    expect(new Date(resolveRange({ range: "now/h" }, now, "utc").fromMs).toISOString()).toBe(
      "2026-11-21T14:00:00.000Z",
    );
  });

  test("prefers moments to a length, and survives nonsense", () => {
    const from = "2026-11-20T00:00:00.000Z";
    const range = resolveRange({ range: "1h", from, to: "1795219200000" }, now, "utc");
    expect([new Date(range.fromMs).toISOString(), range.toMs]).toEqual([from, 1795219200000]);
    expect(resolveRange({ range: "soon", from: "never" }, now, "utc").fromMs).toBe(now - 3_600_000);
  });

  test("goes through the URL and back", () => {
    const search = searchOfMoments(now - 1000, now);
    expect(resolveRange(search, now, "utc")).toMatchObject({ fromMs: now - 1000, toMs: now });
  });

  test("has a name and about as many buckets as were wanted", () => {
    expect([nameLength("1h"), nameLength("15m")]).toEqual(["Last hour", "Last 15 minutes"]);
    for (const text of ["5m", "1h", "24h", "7d", "90d"]) {
      const range = resolveRange({ range: text }, now, "utc");
      const buckets = (now - range.fromMs) / 60_000 / bucketMinutesFor(range, 90);
      expect(buckets).toBeLessThanOrEqual(90);
      expect(buckets).toBeGreaterThan(4);
    }
  });
});
