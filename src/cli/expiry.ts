// When a key ends, as a person writes it: a time from now, or a date.
import { UsageFault } from "./program-tools.js";

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 365 * 86_400_000 } as const;
const durationForm = /^([1-9][0-9]{0,5})([mhdwy])$/;
const dateForm = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** `90d`, `12h`, `2027-01-31` (its first moment in UTC) or a whole ISO time. @throws UsageFault */
export function parseExpiry(text: string, now: Date): Date {
  const [, count, unit] = durationForm.exec(text) ?? [];
  const time =
    count === undefined
      ? parseDate(text)
      : new Date(now.getTime() + Number(count) * unitMs[unit as keyof typeof unitMs]);
  if (time === null || Number.isNaN(time.getTime())) {
    throw new UsageFault(`--expires does not understand "${text}". Write 90d, 12h, or a date such as 2027-01-31.`);
  }
  if (time <= now) throw new UsageFault(`--expires ${text} is in the past.`);
  return time;
}

function parseDate(text: string): Date | null {
  if (!dateForm.test(text)) return null;
  const time = new Date(text);
  // JavaScript takes February 30 for a day in March.
  const day = Number(text.slice(8, 10));
  const sameDay = new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day;
  return sameDay ? time : null;
}
