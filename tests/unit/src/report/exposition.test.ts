import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { writeExposition } from "../../../../src/report/exposition.js";
import { MetricStore } from "../../../../src/report/metric-store.js";
import { familyOf, type MetricName, metricTable } from "../../../../src/report/metric-table.js";

const names = Object.keys(metricTable) as MetricName[];
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

/** A store with one point in every family. */
function full(): MetricStore {
  const store = new MetricStore();
  for (const name of names) {
    const { kind, labels } = familyOf(name);
    const values = labels.map((label) => `${label} "quoted"\n\\`);
    if (kind === "histogram") store.observe(name, values, 0.3);
    else store.set(name, values, 1.5);
  }
  return store;
}

describe("the exposition", () => {
  it("writes a histogram cumulatively, with its sum and its count", () => {
    const store = new MetricStore();
    for (const value of [0.0001, 0.0002, 5]) store.observe("loom_overhead_seconds", [], value);
    const lines = writeExposition(store.snapshot()).split("\n");
    expect(lines.slice(0, 5)).toEqual([
      expect.stringMatching(/^# HELP loom_overhead_seconds \S/),
      "# TYPE loom_overhead_seconds histogram",
      'loom_overhead_seconds_bucket{le="0.00005"} 0',
      'loom_overhead_seconds_bucket{le="0.0001"} 1',
      'loom_overhead_seconds_bucket{le="0.00025"} 2',
    ]);
    expect(lines.slice(-5)).toEqual([
      'loom_overhead_seconds_bucket{le="1"} 2',
      'loom_overhead_seconds_bucket{le="+Inf"} 3',
      "loom_overhead_seconds_sum 5.0003",
      "loom_overhead_seconds_count 3",
      "",
    ]);
  });

  it("leaves out a label without a value and escapes the others", () => {
    const store = new MetricStore();
    store.add("loom_exchanges_total", ["complete", "", 'a"b\\c\nd'], 2);
    expect(writeExposition(store.snapshot())).toContain(
      'loom_exchanges_total{outcome="complete",domain="a\\"b\\\\c\\nd"} 2\n',
    );
  });

  it("names every family with a kind, a help and ascending buckets", () => {
    for (const name of names) {
      const { kind, help, buckets } = familyOf(name);
      expect(help, name).toMatch(/\S\.?$/);
      expect(name.endsWith("_total"), name).toBe(kind === "counter");
      expect((buckets ?? []).length > 0, name).toBe(kind === "histogram");
      expect([...(buckets ?? [])].sort((one, two) => one - two)).toEqual(buckets ?? []);
    }
  });

  it.skipIf(!hasPromtool)("is what promtool takes without a word", () => {
    const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], {
      input: writeExposition(full().snapshot()),
      encoding: "utf8",
    });
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: "", stdout: "" });
  });
});
