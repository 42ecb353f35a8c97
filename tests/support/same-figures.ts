// Figures of sums against those of single rows: the same, but for percentiles, which are within their 1 %.
import { expect } from "vitest";
import type { Figures, Timeseries } from "../../src/query/schema/analytics.js";

export function expectSameFigures(summed: Figures, exact: Figures | undefined): void {
  for (const [name, value] of Object.entries(exact ?? {})) {
    const found = summed[name as keyof Figures];
    if (value === null) expect(found, name).toBeNull();
    if (typeof value !== "number") continue;
    if (/^p\d/.test(name)) expect(Math.abs((found as number) / value - 1), name).toBeLessThan(0.0101);
    else expect(found, name).toBeCloseTo(value, 6);
  }
  expect(summed.outcomes).toEqual(exact?.outcomes);
  expect(summed.statuses).toEqual(exact?.statuses);
}

export function expectSameSeries(summed: Timeseries, exact: Timeseries): void {
  expect([summed.source, exact.source]).toEqual(["rollups", "traces"]);
  expect(summed.series.map(({ group }) => group)).toEqual(exact.series.map(({ group }) => group));
  for (const [index, { points }] of summed.series.entries()) {
    const others = exact.series[index]?.points ?? [];
    expect(points.map(({ at }) => at)).toEqual(others.map(({ at }) => at).toSorted());
    for (const [at, point] of points.entries()) expectSameFigures(point, others[at]);
  }
}
