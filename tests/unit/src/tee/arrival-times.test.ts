// The moments of a stream: all of a short one, an even share of a long one, never more than the bound.
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { ArrivalTimes } from "../../../../src/tee/arrival-times.js";

const timesOf = (chunks: number) => {
  const arrivals = new ArrivalTimes(performance.now());
  for (let chunk = 1; chunk <= chunks; chunk += 1) arrivals.note(chunk * 10);
  return arrivals.times;
};

describe("the moments of a stream", () => {
  it("are none before the first chunk", () => {
    expect(timesOf(0)).toBeNull();
  });

  it("are those of every chunk while there are few", () => {
    for (const chunks of [1, 2, 63, 64]) {
      expect(timesOf(chunks)?.bytes).toEqual(Array.from({ length: chunks }, (_, index) => (index + 1) * 10));
    }
  });

  it("are those of an even share of the chunks, the first among them, when there are many", () => {
    for (const chunks of [65, 66, 127, 128, 129, 1000, 4096, 4097, 100_000]) {
      const bytes = timesOf(chunks)?.bytes ?? [];
      expect(bytes.length).toBeGreaterThan(limits.arrivalTimesMax / 2);
      expect(bytes.length).toBeLessThanOrEqual(limits.arrivalTimesMax);
      expect(bytes[0]).toBe(10);
      const stride = (bytes[1] ?? 0) - 10;
      expect(stride).toBe((timesOf(chunks)?.every ?? 0) * 10);
      expect(Math.log2(stride / 10) % 1).toBe(0);
      bytes.forEach((total, index) => expect(total).toBe(10 + index * stride));
      // What comes after the last of them is less than a stride.
      expect(chunks * 10 - (bytes.at(-1) ?? 0)).toBeLessThan(stride);
    }
  });

  it("never go back, and begin at the beginning of the exchange", () => {
    const arrivals = new ArrivalTimes(performance.now() - 1000);
    for (let chunk = 1; chunk <= 500; chunk += 1) arrivals.note(chunk);
    const { ms } = arrivals.times ?? { ms: [] };
    expect(ms[0]).toBeGreaterThanOrEqual(1000);
    ms.forEach((at, index) => expect(at).toBeGreaterThanOrEqual(ms[index - 1] ?? 0));
  });
});
