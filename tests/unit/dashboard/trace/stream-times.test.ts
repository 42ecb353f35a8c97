// When an event of a stream came, out of the moments that the record has.
import { describe, expect, test } from "vitest";
import { endOfAnswer, largestGap, momentOf } from "../../../../dashboard/src/trace/stream-times.js";

const end = { ms: 100, bytes: 1000 };

describe("the moment of a byte", () => {
  test("is that of its chunk where every chunk is known", () => {
    const times = { every: 1, ms: [10, 20, 90], bytes: [100, 300, 1000] };
    const at = (offset: number) => momentOf(times, offset, end);
    expect([1, 100, 101, 300, 1000].map((offset) => at(offset)?.ms)).toEqual([10, 10, 20, 20, 90]);
    expect(at(150)?.precision).toBe("exact");
  });

  test("lies between two moments where only a share of the chunks is known, and says so", () => {
    const times = { every: 4, ms: [10, 20, 40], bytes: [100, 300, 500] };
    expect(momentOf(times, 50, end)).toEqual({ ms: 10, precision: "exact" });
    expect(momentOf(times, 300, end)).toEqual({ ms: 20, precision: "exact" });
    expect(momentOf(times, 400, end)).toEqual({ ms: 30, precision: "about" });
    // Behind the last moment: between that and the end.
    expect(momentOf(times, 750, end)).toEqual({ ms: 70, precision: "about" });
    expect(momentOf(times, 1000, end)).toEqual({ ms: 100, precision: "about" });
  });

  test("never goes back, and is none for what did not come", () => {
    const times = { every: 2, ms: [10, 20], bytes: [100, 300] };
    const moments = Array.from({ length: 1000 }, (_, offset) => momentOf(times, offset + 1, end)?.ms ?? 0);
    expect(moments).toEqual(moments.toSorted((left, right) => left - right));
    expect(momentOf(times, 301, { ms: 20, bytes: 300 })).toBeNull();
    expect(momentOf({ ...times, every: 1 }, 300, { ms: 5, bytes: 300 })).toEqual({ ms: 20, precision: "exact" });
  });
});

test("the largest gap is the longest time between two moments, and there is none of one", () => {
  expect(largestGap({ every: 1, ms: [10, 20, 90, 95], bytes: [1, 2, 3, 4] })).toEqual({
    fromMs: 20,
    toMs: 90,
    afterBytes: 2,
  });
  expect(largestGap({ every: 1, ms: [10], bytes: [1] })).toBeNull();
});

test("the answer ends with its last try, or with the exchange where the tries are not known", () => {
  const last = { provider: "p", kind: null, model: "m", status: 200, errorCode: null, startedMs: 1, endedMs: 7 };
  expect(endOfAnswer({ attemptList: [last], latencyMs: 9 })).toBe(7);
  expect(endOfAnswer({ attemptList: [], latencyMs: 9 })).toBe(9);
  expect(endOfAnswer({ attemptList: null, latencyMs: 9 })).toBe(9);
});
