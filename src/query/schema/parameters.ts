// The parameters of the query API as they stand in a URL: every value is text, read and checked here. An unknown
// parameter is refused, so that a misspelt filter never shows too much.
import { z } from "zod";

const text = (description: string) => z.string().min(1).max(1000).optional().describe(description);
const numberText = (description: string) =>
  z
    .string()
    .regex(/^\d{1,12}(\.\d{1,12})?$/, "is not a number")
    .optional()
    .describe(description);
const wholeText = (description: string, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "is not a whole number")
    .refine((value) => Number(value) >= 1 && Number(value) <= max, `is not between 1 and ${max}`)
    .optional()
    .describe(`${description} 1 to ${max}.`);

const timeParameters = {
  from: text("Begin, inclusive: an ISO timestamp, unix milliseconds, or relative (`now-1h`, `now/d`)."),
  to: text("End, exclusive; the same forms. Default: now."),
  window: text("Instead of `from`: the time up to `to`, such as `15m`, `24h`, `7d`."),
};

const filterParameters = {
  q: text(
    "The filter language: `model:gpt-4o status:>=500 latency:>2s -outcome:complete tag:a,b session:abc*`. All terms must hold.",
  ),
  model: text("As asked for; several with commas; `gpt-4*` for a prefix. As served: `q=served:...`."),
  provider: text("One or several providers."),
  endpoint: text("Such as `/v1/chat/completions`."),
  status: text("`500`, a class such as `5xx`, or `>=400`."),
  outcome: text("One or several of complete, error, aborted, truncated, interrupted, refused."),
  key: text("A client key by id or prefix."),
  session: text("A session id; `abc*` for a prefix."),
  user: text("An end user; `abc*` for a prefix."),
  tag: text("One or several tags."),
  error: text("An error code."),
  streamed: z.enum(["true", "false"]).optional(),
  minCost: numberText("USD."),
  maxCost: numberText("USD."),
  minLatencyMs: numberText("Milliseconds."),
  maxLatencyMs: numberText("Milliseconds."),
};

const windowParameters = {
  ...timeParameters,
  windowHours: numberText("Instead of `window`, in hours."),
};

export const listTracesParameters = z.strictObject({
  ...timeParameters,
  ...filterParameters,
  cursor: text("`nextCursor` of the page before; or an ISO timestamp: what began before it."),
  limit: wholeText("Rows of a page, default 100.", 200),
});

export const exportTracesParameters = z.strictObject({
  ...timeParameters,
  ...filterParameters,
  format: z.enum(["csv", "jsonl"]),
  columns: text("The columns and their order, with commas; default: all. Names as in `Trace`, and `keyName`."),
  limit: wholeText("The most rows; the newest are taken. Default: all.", 100_000_000),
});

export const liveTracesParameters = z.strictObject({ ...filterParameters });

export const summaryParameters = z.strictObject({ ...windowParameters, ...filterParameters });

const seriesGroups = ["model", "provider", "key", "status", "outcome"] as const;
const topGroups = [
  ...["model", "provider", "key", "status", "outcome"],
  ...["endpoint", "error", "session", "user", "tag", "servedModel", "finishReason"],
] as const;
const topMetrics = ["requests", "cost", "tokens", "errors"] as const;

const groupsMax = wholeText("Groups shown; the others are summed. Default 8.", 50);

export const timeseriesParameters = z.strictObject({
  ...windowParameters,
  ...filterParameters,
  bucket: text("Width of a bucket: `1m`, `5m`, `1h`, `1d`. Default: about 60 buckets. At most 1500 buckets."),
  bucketMinutes: numberText("Instead of `bucket`."),
  groupBy: z.enum(seriesGroups).optional(),
  groups: groupsMax,
  timeZone: text("An IANA time zone. Default UTC."),
});

export const topParameters = z.strictObject({
  ...windowParameters,
  ...filterParameters,
  by: z.enum(topGroups as unknown as readonly [string, ...string[]]),
  metric: z.enum(topMetrics).optional().describe("What is largest. Default requests."),
  limit: wholeText("Groups, default 10.", 100),
});

export const sessionsParameters = z.strictObject({
  ...timeParameters,
  ...filterParameters,
  cursor: text("`nextCursor` of the page before."),
  limit: wholeText("Sessions of a page, default 50.", 100),
});

export const bodiesParameters = z.strictObject({
  part: z
    .enum(["request", "response"])
    .optional()
    .describe("One body alone. With `raw`, or with a Range header, its bytes; otherwise JSON with the other one null."),
  raw: z
    .enum(["true", "false"])
    .optional()
    .describe("The bytes themselves as application/octet-stream; Range requests are answered with 206."),
  offset: z
    .string()
    .regex(/^\d{1,12}$/)
    .optional()
    .describe("First byte of the part in the JSON. Default 0."),
  length: wholeText("The most bytes of each body in the JSON. Default 1048576.", 4_194_304),
});

export const keysParameters = z.strictObject({ ...windowParameters });
export const noParameters = z.strictObject({});

export type FilterValues = { readonly [name in keyof typeof filterParameters]?: string | undefined };
