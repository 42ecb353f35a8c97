// How a window is cut into buckets of equal length: their width, the SQL of the bucket that a moment lies in, and how
// coarse the sums may be that fill them.
import { LoomError } from "../errors/loom-error.js";
import type { Parameters } from "./filter-sql.js";
import { isoOf, readDuration, type TimeSpan } from "./time-span.js";
import type { Granularity } from "./usage-source.js";

export type Buckets = { readonly widthMs: number; readonly timeZone: string };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const niceMinutes = [1, 5, 15, 30, 60, 120, 180, 360, 720, 1440, 7 * 1440, 28 * 1440];
const wantedBuckets = 60;
const bucketsMax = 1500;

type BucketValues = {
  readonly bucket?: string | undefined;
  readonly bucketMinutes?: string | undefined;
  readonly timeZone?: string | undefined;
};

/** @throws LoomError `bad_request` for a width that cannot be had, too many buckets, or an unknown time zone */
export function readBuckets(values: BucketValues, { fromMs, toMs }: TimeSpan): Buckets {
  const timeZone = readTimeZone(values.timeZone ?? "UTC");
  const lengthMs = toMs - fromMs;
  const nice = niceMinutes.find((minutes) => lengthMs / (minutes * minuteMs) <= wantedBuckets * 1.5) ?? 28 * 1440;
  let widthMs = nice * minuteMs;
  if (values.bucket !== undefined) widthMs = readDuration(values.bucket, "bucket");
  else if (values.bucketMinutes !== undefined) widthMs = Number(values.bucketMinutes) * minuteMs;
  const fits = widthMs < dayMs ? dayMs % widthMs === 0 : widthMs % dayMs === 0;
  if (widthMs < minuteMs || widthMs % minuteMs !== 0 || !fits) {
    const message =
      "A bucket is whole minutes long and divides a day, such as 5m, 30m, 6h, or is whole days, such as 7d.";
    throw new LoomError("bad_request", { message, param: "bucket" });
  }
  if (lengthMs / widthMs > bucketsMax) {
    const message = `That would be ${Math.ceil(lengthMs / widthMs)} buckets; there may be ${bucketsMax}.`;
    throw new LoomError("bad_request", { message, param: "bucket" });
  }
  return { widthMs, timeZone };
}

function readTimeZone(name: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name;
  } catch {
    const message = `${JSON.stringify(name.slice(0, 60))} is no IANA time zone, such as Europe/Berlin.`;
    throw new LoomError("bad_request", { message, param: "timeZone" });
  }
}

/** The begin of the bucket of `moment`, a timestamptz. Monday 3 January 2000 is where weeks begin. */
export function bucketSql(moment: string, { widthMs, timeZone }: Buckets, parameters: Parameters): string {
  const width = `interval '${widthMs / minuteMs} minutes'`;
  if (widthMs < hourMs || timeZone === "UTC") return `date_bin(${width}, ${moment}, '2000-01-03T00:00:00Z')`;
  const zone = `${parameters.add(timeZone)}::text`;
  return `date_bin(${width}, ${moment} AT TIME ZONE ${zone}, timestamp '2000-01-03') AT TIME ZONE ${zone}`;
}

/** All buckets of a window. */
export function allBucketsSql({ fromMs, toMs }: TimeSpan, buckets: Buckets, parameters: Parameters): string {
  // No day of any zone is shorter than this.
  const longestMs = buckets.widthMs < dayMs ? hourMs : dayMs / 2;
  const stepMinutes = Math.min(buckets.widthMs, longestMs) / minuteMs;
  const from = `${parameters.add(isoOf(fromMs))}::timestamptz`;
  const last = `${parameters.add(isoOf(toMs - minuteMs))}::timestamptz`;
  return `SELECT DISTINCT ${bucketSql("moment", buckets, parameters)} AS t
    FROM (SELECT generate_series(${from}, ${last}, interval '${stepMinutes} minutes') UNION ALL SELECT ${last}) moments (moment)
    ORDER BY 1`;
}

/** The largest sums that lie in one bucket each; of days that do not, day-pieces.ts moves what is another's. */
export function coarsestSums({ widthMs, timeZone }: Buckets, { fromMs, toMs }: TimeSpan): Granularity {
  if (widthMs % dayMs === 0) return "day";
  if (widthMs % (hourMs / 2) !== 0) return "minute";
  // Zones that are a quarter of an hour off need the minutes.
  const fits = [fromMs, (fromMs + toMs) / 2, toMs].every((atMs) => offsetMinutes(timeZone, atMs) % 30 === 0);
  return fits ? "half hour" : "minute";
}

function offsetMinutes(timeZone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(atMs);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, hours = "0", minutes = "0"] = /([+-]\d{2}):(\d{2})/.exec(name) ?? [];
  return Number(hours) * 60 + Number(minutes);
}
