import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { figuresOfRows, figuresOfSums, makeFigures } from "../../../../src/query/figures.js";
import { Parameters } from "../../../../src/query/filter-sql.js";
import { dimensionOf, groupFilter, groupValue, limitedGroupSql } from "../../../../src/query/grouping.js";
import { readQuantiles, valueOfBucket } from "../../../../src/query/packed-histogram.js";
import { cutSpan, joinSources, rowsSource, sumsSource } from "../../../../src/query/usage-source.js";
import { bucketOf, Histogram, valueOf } from "../../../../workers/persist/histogram.js";

const minute = 60_000;
const tenantId = "0190a1b2-0000-7000-8000-00000000000a";

describe("a span", () => {
  test("is cut into days, half hours and minutes that meet and cover it once", () => {
    const at = (text: string) => Date.parse(`2027-05-${text}Z`);
    const cut = cutSpan({ fromMs: at("01T10:10"), toMs: at("04T02:45") }, "day");
    expect(cut.map(({ granularity, fromMs, toMs }) => [granularity, (toMs - fromMs) / minute])).toEqual([
      ["minute", 20],
      ["half hour", 13.5 * 60],
      ["day", 2 * 1440],
      ["half hour", 2.5 * 60],
      ["minute", 15],
    ]);
  });

  test("is covered without gaps, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 200_000 }),
        fc.constantFrom("day" as const, "half hour" as const, "minute" as const),
        (from, length, coarsest) => {
          const span = { fromMs: from * minute, toMs: (from + length) * minute };
          const cut = cutSpan(span, coarsest);
          expect(cut[0]?.fromMs).toBe(span.fromMs);
          expect(cut.at(-1)?.toMs).toBe(span.toMs);
          for (const [index, { fromMs }] of cut.slice(1).entries()) expect(fromMs).toBe(cut[index]?.toMs);
          expect(cut.length).toBeLessThanOrEqual(5);
        },
      ),
    );
  });
});

describe("a source", () => {
  const question = { tenantId, filter: [], span: { fromMs: 0, toMs: 90 * 1440 * minute } };

  test("always names the tenant, and adds what is not folded yet", () => {
    const parameters = new Parameters();
    const sql = sumsSource(question, { g: "'a'", t: "moment" }, { coarsest: "day", isDetailed: false }, parameters);
    for (const part of [sql.sums, sql.rollups]) expect(part).toContain("tenant_id = $1::uuid");
    expect(sql.sums).toContain("span = 'day' AND NOT detail");
    expect(sql.rollups).toContain("NOT folded");
    expect(joinSources([sql, { sums: null, rollups: "x" }]).rollups).toMatch(/UNION ALL\nx$/);
    expect(rowsSource(question, { g: "'a'", t: "moment" }, new Parameters())).toContain("tenant_id = $1::uuid");
  });

  test("gives figures in one statement", () => {
    expect(figuresOfSums({ sums: null, rollups: "SELECT 1" })).toContain("sum(cost_usd) AS cost_usd");
    expect(figuresOfRows("SELECT 1")).toContain("sum(estimated_cost_usd) AS cost_usd");
  });
});

describe("figures", () => {
  test("of nothing are zeros where something is counted, and null where something is measured", () => {
    const figures = makeFigures(undefined);
    expect(figures).toMatchObject({ totalRequests: 0, estimatedCostUSD: 0, errorRate: null, p95LatencyMs: null });
  });

  test("read a bucket as the writer means it", () => {
    for (const ms of [0.5, 12, 3456]) expect(valueOfBucket(bucketOf(ms))).toBe(valueOf(bucketOf(ms)));
  });

  test("have the quantiles of the writer's histogram, however its buckets are cut up", () => {
    const shares = [0.5, 0.95, 0.99];
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const histogram = new Histogram();
        const packed = values.map((value) => {
          histogram.add(value);
          const entry = Buffer.alloc(6);
          entry.writeInt16BE(bucketOf(value), 0);
          entry.writeInt32BE(1, 2);
          return entry;
        });
        const found = readQuantiles(packed, shares);
        const more = readQuantiles([...packed, ...packed], shares, [Buffer.concat(packed)]);
        expect(more).toEqual(found);
        expect(found).toEqual({ count: values.length, values: shares.map((share) => histogram.quantile(share)) });
      }),
    );
    expect(readQuantiles([], shares)).toEqual({ count: 0, values: [null, null, null] });
  });
});

describe("groups", () => {
  test("are told from no value, from the others, and from each other's names", () => {
    expect(groupValue("vo")).toBe("o");
    expect(groupValue("n")).toBeNull();
    expect(limitedGroupSql("model", "$3")).toContain("= ANY ($3::text[])");
  });

  test("name the filter that shows them", () => {
    expect(groupFilter(dimensionOf("user"), 'vAda "L."')).toBe('user:"Ada \\"L.\\""');
    expect(groupFilter(dimensionOf("model"), "vgpt-4o")).toBe("model:gpt-4o");
    expect(groupFilter(dimensionOf("model"), "n")).toBe("-model:*");
  });
});
