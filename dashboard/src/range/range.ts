// The range of time that a page is about, as people write it: `1h`, `7d`, `now-90m`, `now/d`, or two moments.
// The URL holds the text; this file turns it into moments.
import type { Zone } from "../format/times.js";

/** `toMs` null: up to now, and still growing. */
export type Range = {
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly label: string;
  /** The moment that it was counted from; it tells one refresh from the next. */
  readonly asOfMs: number;
};

export type RangeSearch = {
  readonly range?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

export const presets = ["5m", "15m", "30m", "1h", "3h", "6h", "24h", "7d", "30d", "90d"] as const;
const defaultRange = "1h";

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const unitNames: Readonly<Record<string, string>> = { s: "second", m: "minute", h: "hour", d: "day", w: "week" };

/** The length of a `15m` or `now-15m`, ms; null when it is no length. */
export function readLength(text: string): number | null {
  const found = /^(?:now-)?(\d{1,5})\s*(s|m|h|d|w)$/i.exec(text.trim());
  if (found === null) return null;
  const ms = Number(found[1]) * (unitMs[(found[2] ?? "").toLowerCase()] ?? 0);
  return ms > 0 ? ms : null;
}

/** The start of the current minute, hour, day or week for `now/d` and its like; null for other text. */
function readStartOf(text: string, nowMs: number, zone: Zone): number | null {
  const unit = /^(?:now\/(m|h|d|w)|(today))$/i.exec(text.trim());
  if (unit === null) return null;
  const kind = unit[2] === undefined ? (unit[1] ?? "d").toLowerCase() : "d";
  if (kind === "m" || kind === "h") return nowMs - (nowMs % (unitMs[kind] ?? 1));
  const day = new Date(nowMs);
  if (zone === "utc") day.setUTCHours(0, 0, 0, 0);
  else day.setHours(0, 0, 0, 0);
  if (kind === "w") day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  return day.getTime();
}

/** Whether the text is a range that `resolveRange` understands. */
export function isRangeText(text: string): boolean {
  return readLength(text) !== null || readStartOf(text, 0, "utc") !== null;
}

/** The moments that a search means at `nowMs`. A text that is not understood counts as the default. */
export function resolveRange(search: RangeSearch, nowMs: number, zone: Zone): Range {
  const from = readMoment(search.from);
  if (from !== null) return { fromMs: from, toMs: readMoment(search.to), label: "Custom", asOfMs: nowMs };
  const text = search.range ?? defaultRange;
  const start = readStartOf(text, nowMs, zone);
  if (start !== null)
    return { fromMs: start, toMs: null, label: text === "today" || text === "now/d" ? "Today" : text, asOfMs: nowMs };
  const length = readLength(text) ?? readLength(defaultRange) ?? 0;
  return { fromMs: nowMs - length, toMs: null, label: nameLength(text), asOfMs: nowMs };
}

/** ISO time or Unix ms. */
function readMoment(text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  const ms = /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}

/** `Last 15 minutes` */
export function nameLength(text: string): string {
  const found = /^(?:now-)?(\d{1,5})\s*(s|m|h|d|w)$/i.exec(text.trim());
  if (found === null) return nameLength(defaultRange);
  const count = Number(found[1]);
  const unit = unitNames[(found[2] ?? "").toLowerCase()] ?? "";
  return count === 1 ? `Last ${unit}` : `Last ${count} ${unit}s`;
}

const bucketSteps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440] as const;

/** Minutes of a bucket so that a chart has about `wanted` of them. */
export function bucketMinutesFor(range: Range, wanted: number): number {
  const minutes = ((range.toMs ?? range.asOfMs) - range.fromMs) / 60_000;
  return bucketSteps.find((step) => minutes / step <= wanted) ?? 1440;
}

/** What a drag over a chart means for the URL. */
export function searchOfMoments(fromMs: number, toMs: number): { from: string; to: string; range: undefined } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), range: undefined };
}
