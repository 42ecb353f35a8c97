import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MetricSnapshot, MetricStore } from "../../../../src/report/metric-store.js";

const duration = "gen_ai_client_operation_duration_seconds";
const labels = ["chat", "openai", "gpt-4o", ""];

function filled(values: readonly number[]): MetricStore {
  const store = new MetricStore();
  for (const value of values) store.observe(duration, labels, value);
  return store;
}

describe("the metrics of a thread", () => {
  it("count each value in the first bucket that takes it, and those above all in the last", () => {
    const [point] = filled([0, 0.01, 0.011, 81.92, 82]).snapshot()[duration] ?? [];
    const counts = [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    expect(point?.value).toEqual({ counts, sum: expect.closeTo(163.941, 9) as number });
  });

  it("count a value as often as it stands for", () => {
    const store = new MetricStore();
    store.observe("loom_overhead_seconds", [], 0.0002, 7);
    expect(store.snapshot().loom_overhead_seconds?.[0]?.value).toMatchObject({ sum: 7 * 0.0002 });
  });

  it("are the same when they are told in pieces as when they are told at once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1000 })),
        fc.array(fc.integer({ min: 0, max: 1000 })),
        (one, two) => {
          const teller = new MetricStore();
          const heard = new MetricStore();
          for (const values of [one, two]) {
            for (const value of values) teller.observe(duration, labels, value / 8);
            for (const _ of values) teller.add("loom_exchanges_total", ["complete", "", "none"]);
            const delta = teller.takeDelta();
            if (delta !== null) heard.absorb(structuredClone(delta));
          }
          const whole = filled([...one, ...two].map((value) => value / 8)).snapshot();
          expect(heard.snapshot()[duration]).toEqual(whole[duration]);
          expect(heard.snapshot().loom_exchanges_total?.[0]?.value ?? 0).toBe(one.length + two.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("tell nothing twice, and nothing when there is nothing", () => {
    const store = filled([1]);
    expect(store.takeDelta()).not.toBe(null);
    expect(store.takeDelta()).toBe(null);
  });

  it("replace a gauge that a thread tells again, and add up those of several processes as the table says", () => {
    const told = new MetricStore();
    told.absorb({ loom_spool_bytes: [{ labels: ["0"], value: 5 }] });
    told.absorb({ loom_spool_bytes: [{ labels: ["0"], value: 3 }] });
    expect(told.snapshot().loom_spool_bytes?.[0]?.value).toBe(3);
    const all = new MetricStore();
    for (const [bytes, lag, up] of [
      [1, 9, 1],
      [2, 4, 0],
    ] as const) {
      const one = new MetricStore();
      one.set("loom_spool_bytes", ["0"], bytes);
      one.set("loom_recording_lag_seconds", ["0"], lag);
      one.set("loom_postgres_up", [], up);
      one.add("loom_dead_rows_total", [], bytes);
      all.merge(JSON.parse(JSON.stringify(one.snapshot())) as MetricSnapshot);
    }
    const values = Object.fromEntries(Object.entries(all.snapshot()).map(([name, [point]]) => [name, point?.value]));
    expect(values).toEqual({
      loom_spool_bytes: 3,
      loom_recording_lag_seconds: 9,
      loom_postgres_up: 0,
      loom_dead_rows_total: 3,
    });
  });

  it("stop growing whatever the labels are", () => {
    const store = new MetricStore();
    for (let n = 0; n < 10_000; n += 1) store.add("loom_cost_usd_total", ["p", `m${n}`], 1);
    const points = store.snapshot().loom_cost_usd_total ?? [];
    expect(points.length).toBe(4001);
    expect(points.at(-1)).toEqual({ labels: ["other", "other"], value: 6000 });
  });
});
