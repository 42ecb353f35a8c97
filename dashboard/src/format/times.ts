// How times read, in the zone that the reader chose, the same in tables and charts.

export type Zone = "local" | "utc";

type ZoneFormats = Readonly<Record<"clock" | "day" | "whole" | "short" | "axisDay", Intl.DateTimeFormat>>;

function formatsOf(timeZone: string | undefined): ZoneFormats {
  const zone = timeZone === undefined ? {} : { timeZone };
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const make = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat("en-GB", { ...options, ...zone });
  return {
    clock: make({ ...clock, second: "2-digit", fractionalSecondDigits: 3 }),
    day: make({ day: "numeric", month: "short" }),
    whole: make({ ...clock, year: "numeric", month: "short", day: "numeric", second: "2-digit" }),
    short: make({ ...clock, day: "numeric", month: "short" }),
    axisDay: make(clock),
  };
}

const formats: Readonly<Record<Zone, ZoneFormats>> = { local: formatsOf(undefined), utc: formatsOf("UTC") };

/** The IANA name of the zone. */
export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `14:02:05.120` */
export function formatClock(ms: number, zone: Zone): string {
  return formats[zone].clock.format(ms);
}

/** `21 Nov` */
export function formatDay(ms: number, zone: Zone): string {
  return formats[zone].day.format(ms);
}

/** `21 Nov 2026, 14:02:05` */
export function formatTime(ms: number, zone: Zone): string {
  return formats[zone].whole.format(ms);
}

/** `21 Nov, 14:02` */
export function formatShort(ms: number, zone: Zone): string {
  return formats[zone].short.format(ms);
}

/** `14:02` */
export function formatHour(ms: number, zone: Zone): string {
  return formats[zone].axisDay.format(ms);
}

/** The offset of the zone at that time, minutes east of UTC. */
export function zoneOffsetMinutes(ms: number, zone: Zone): number {
  return zone === "utc" ? 0 : -new Date(ms).getTimezoneOffset();
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

/** `3 minutes ago` */
export function formatAgo(ms: number, nowMs: number): string {
  const distance = ms - nowMs;
  for (const [unit, size] of steps) {
    if (Math.abs(distance) >= size) return relative.format(Math.trunc(distance / size), unit);
  }
  return "just now";
}
