// What the HTTP API says of many traces together: sums, percentiles, series over time, the largest groups.
import { z } from "zod";

const time = z.iso.datetime({ offset: true });
const share = z.number().nullable();
const milliseconds = z.number().nullable();

const outcomeCountsShape = z
  .object({
    complete: z.int(),
    error: z.int(),
    aborted: z.int(),
    truncated: z.int(),
    interrupted: z.int(),
    refused: z.int(),
  })
  .meta({ id: "OutcomeCounts" });

const statusCountsShape = z
  .object({ ok: z.int().describe("Below 400."), clientError: z.int().describe("4xx."), serverError: z.int() })
  .meta({ id: "StatusCounts" });

/** The figures of any set of requests. Percentiles are within 1 % of a real value; null where there is none. */
const figuresShape = z
  .object({
    totalRequests: z.int(),
    totalTokens: z.int(),
    promptTokens: z.int(),
    completionTokens: z.int(),
    cachedTokens: z.int(),
    reasoningTokens: z.int(),
    estimatedCostUSD: z.number().describe("Summed in SQL over the requests that have a price."),
    unpricedRequests: z.int().describe("Requests with usage that no price is known for; not in the cost."),
    errorRate: share.describe("Share of requests with outcome error, truncated, interrupted or refused, 0 to 1."),
    avgLatencyMs: milliseconds,
    p50LatencyMs: milliseconds,
    p95LatencyMs: milliseconds,
    p99LatencyMs: milliseconds,
    avgTtfbMs: milliseconds,
    p50TtfbMs: milliseconds,
    p95TtfbMs: milliseconds,
    p99TtfbMs: milliseconds,
    avgOverheadMs: milliseconds,
    streamedRequests: z.int(),
    outcomes: outcomeCountsShape,
    statuses: statusCountsShape,
  })
  .meta({ id: "Figures" });

const spanShape = z.object({ from: time, to: time }).meta({ id: "TimeSpan" });
const sourceShape = z
  .enum(["rollups", "traces"])
  .describe("rollups: from sums. traces: from single rows, for filters that the sums cannot answer.");

export const summaryShape = figuresShape
  .extend({
    window: spanShape,
    previousWindow: spanShape.describe("The equally long time before."),
    previous: figuresShape,
    source: sourceShape,
  })
  .meta({ id: "Summary" });

const pointShape = figuresShape.extend({ at: time.describe("Begin of the bucket.") }).meta({ id: "Point" });

const seriesShape = z
  .object({
    group: z.string().nullable().describe("The value that it stands for; null when nothing was asked to be grouped."),
    label: z.string().nullable().describe("For people: the key's name instead of its id, for instance."),
    kind: z.enum(["all", "group", "others"]).describe("others: everything past the largest groups, in one series."),
    points: z.array(pointShape).describe("Ascending. Buckets without requests are there, with zeros and nulls."),
  })
  .meta({ id: "Series" });

export const timeseriesShape = z
  .object({
    window: spanShape,
    bucketMinutes: z.number(),
    timeZone: z.string().describe("Buckets of a day or longer begin at midnight there."),
    groupBy: z.string().nullable(),
    groupCount: z.int().describe("How many groups there are; those past the largest ones are in `others`."),
    series: z.array(seriesShape),
    source: sourceShape,
  })
  .meta({ id: "Timeseries" });

const topGroupShape = figuresShape
  .extend({
    group: z.string().nullable().describe("null: requests without such a value."),
    label: z.string().nullable(),
    filter: z.string().describe("The filter, as `q` takes it, that shows the requests of this group."),
  })
  .meta({ id: "TopGroup" });

export const topShape = z
  .object({
    window: spanShape,
    by: z.string(),
    metric: z.string(),
    groupCount: z.int(),
    data: z.array(topGroupShape),
    source: sourceShape,
  })
  .meta({ id: "Top" });

/** The components of the OpenAPI document. */
export const analyticsShapes = [
  outcomeCountsShape,
  statusCountsShape,
  figuresShape,
  spanShape,
  summaryShape,
  pointShape,
  seriesShape,
  timeseriesShape,
  topGroupShape,
  topShape,
];

export type Figures = z.infer<typeof figuresShape>;
export type Summary = z.infer<typeof summaryShape>;
export type Timeseries = z.infer<typeof timeseriesShape>;
export type Top = z.infer<typeof topShape>;
