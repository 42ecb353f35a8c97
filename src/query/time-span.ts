// Times as the API takes them: ISO, unix milliseconds, and relative ones as dashboards write them (`now-1h`, `now/d`).
import { LoomError } from "../errors/loom-error.js";

/** Unix ms; `from` inclusive, `to` exclusive. */
export type TimeSpan = { readonly fromMs: number; readonly toMs: number };

type SpanValues = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly window?: string | undefined;
  readonly windowHours?: string | undefined;
};

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const durationForm = /^(\d{1,6}(?:\.\d{1,6})?)([smhdw])$/;
const relativeForm = /^now(?:-(\d{1,6})([smhdw]))?(?:\/([mhdw]))?$/;
const isoForm = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/i;
const unixForm = /^\d{10,16}$/;
const minuteMs = 60_000;
/** 4 January 2000 was a Tuesday; the 3rd a Monday. */
const mondayMs = Date.UTC(2000, 0, 3);
/** The longest window: ten years. */
const windowMsMax = 3660 * 86_400_000;

/** `90m`, `24h`, `7d`, in ms. @throws LoomError `bad_request` */
export function readDuration(text: string, param: string): number {
  const [, count, unit = ""] = durationForm.exec(text) ?? [];
  const duration = Number(count) * (unitMs[unit] ?? 0);
  if (count !== undefined && duration > 0 && duration <= windowMsMax) return duration;
  const message = `${param} does not understand ${JSON.stringify(text)}: write 15m, 24h or 7d, ten years at most.`;
  throw new LoomError("bad_request", { message, param });
}

/** @throws LoomError `bad_request` */
export function readTime(text: string, param: string, nowMs: number): number {
  const relative = relativeForm.exec(text);
  if (relative !== null) {
    const [, count, unit = "", floor] = relative;
    const atMs = nowMs - (count === undefined ? 0 : Number(count) * (unitMs[unit] ?? 0));
    return floor === undefined ? atMs : floorTo(atMs, floor);
  }
  const atMs = readAbsoluteTime(text);
  if (atMs !== null) return atMs;
  const message = `${param} does not understand ${JSON.stringify(text)}: write an ISO timestamp, unix milliseconds, or now-1h.`;
  throw new LoomError("bad_request", { message, param });
}

/** Unix ms; null when the text is no time. */
export function readAbsoluteTime(text: string): number | null {
  if (unixForm.test(text)) return Number(text) * (text.length === 10 ? 1000 : text.length === 16 ? 0.001 : 1);
  if (!isoForm.test(text)) return null;
  // Without a zone a date with a time would be local to the server.
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) || text.length === 10;
  const atMs = Date.parse(hasZone ? text : `${text}Z`);
  return Number.isNaN(atMs) ? null : atMs;
}

function floorTo(atMs: number, unit: string): number {
  const width = unitMs[unit] ?? minuteMs;
  const origin = unit === "w" ? mondayMs : 0;
  return Math.floor((atMs - origin) / width) * width + origin;
}

/** The time of a list: without a begin as far back as there is anything. @throws LoomError `bad_request` */
export function readListSpan(values: SpanValues, nowMs: number): { fromMs: number | null; toMs: number } {
  // What began in this very millisecond belongs to the newest page.
  const toMs = values.to === undefined ? nowMs + 1 : readTime(values.to, "to", nowMs);
  if (values.from !== undefined && values.window !== undefined) refuseBoth();
  if (values.window !== undefined) return { fromMs: toMs - readDuration(values.window, "window"), toMs };
  return { fromMs: values.from === undefined ? null : readTime(values.from, "from", nowMs), toMs };
}

/**
 * The window of sums, on whole minutes, since that is what they are kept by: the begin rounded down, the end up.
 * @throws LoomError `bad_request`
 */
export function readWindow(values: SpanValues, nowMs: number, defaultMs: number): TimeSpan {
  const given = [values.from, values.window, values.windowHours].filter((value) => value !== undefined);
  if (given.length > 1) refuseBoth();
  const toMs = Math.ceil((values.to === undefined ? nowMs : readTime(values.to, "to", nowMs)) / minuteMs) * minuteMs;
  let widthMs = defaultMs;
  if (values.window !== undefined) widthMs = readDuration(values.window, "window");
  if (values.windowHours !== undefined) widthMs = Number(values.windowHours) * 3_600_000;
  const from = values.from === undefined ? toMs - widthMs : readTime(values.from, "from", nowMs);
  const fromMs = Math.floor(from / minuteMs) * minuteMs;
  if (fromMs >= toMs)
    throw new LoomError("bad_request", { message: "The window ends before it begins.", param: "from" });
  if (toMs - fromMs > windowMsMax)
    throw new LoomError("bad_request", { message: "The window is longer than ten years.", param: "window" });
  return { fromMs, toMs };
}

function refuseBoth(): never {
  throw new LoomError("bad_request", { message: "Give one of from, window and windowHours.", param: "window" });
}

export function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
