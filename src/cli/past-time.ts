// A moment in the past as a person writes it: how long ago, or when.
import { UsageFault } from "./program-tools.js";

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** "7d", "12h", "2027-01-31" or an ISO 8601 time, as unix ms. @throws UsageFault */
export function parsePastTime(option: string, text: string, now: Date): number {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return now.getTime() - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0);
  const time = /^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageFault(`${option} does not understand "${text}". Write 7d, 12h or 2027-01-31.`);
  return time;
}
