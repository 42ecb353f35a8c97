// How numbers read: counts, tokens, money, durations, sizes, shares. A value that is not known is a dash, never a zero.

const dash = "–";
const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 2 });
const bigMoney = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  notation: "compact",
  maximumFractionDigits: 1,
});

export type Maybe = number | null | undefined;

export function formatCount(value: Maybe): string {
  return value === null || value === undefined ? dash : plain.format(value);
}

/** `1.2M` from 10,000 on. */
export function formatCompact(value: Maybe): string {
  if (value === null || value === undefined) return dash;
  return Math.abs(value) < 10_000 ? plain.format(value) : compact.format(value);
}

/** US dollars with as many digits as small sums need. */
export function formatCost(value: Maybe): string {
  if (value === null || value === undefined) return dash;
  const size = Math.abs(value);
  if (size === 0) return "$0";
  if (size >= 100_000) return bigMoney.format(value);
  if (size >= 1) return money.format(value);
  if (size < 0.000_001) return "<$0.000001";
  const digits = size >= 0.01 ? 4 : 6;
  return `$${value.toFixed(digits).replace(/0+$/, "").replace(/\.$/, "")}`;
}

/** US dollars with all the ten decimals that a recorded cost has, so that parts are seen to add up. */
export function formatExactCost(value: Maybe): string {
  if (value === null || value === undefined) return dash;
  return `$${value.toFixed(10).replace(/\.?0+$/, "")}`;
}

/** From ms with fractions. */
export function formatDuration(ms: Maybe): string {
  if (ms === null || ms === undefined) return dash;
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} m ${Math.round((ms % 60_000) / 1000)} s`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  return `${Math.round(minutes / 1440)} days`;
}

export function formatBytes(bytes: Maybe): string {
  if (bytes === null || bytes === undefined) return dash;
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = bytes / 1000;
  let at = 0;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[at]}`;
}

/** From a share between 0 and 1. */
export function formatShare(share: Maybe): string {
  if (share === null || share === undefined || Number.isNaN(share)) return dash;
  const percent = share * 100;
  if (percent === 0 || percent >= 10) return `${Math.round(percent)} %`;
  return `${percent < 0.1 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

/** The change from `before` to `now`, such as `+12 %`; null where there was nothing to compare with. */
export function formatChange(now: Maybe, before: Maybe): string | null {
  if (now === null || now === undefined || before === null || before === undefined || before === 0) return null;
  const change = (now - before) / before;
  if (Math.abs(change) < 0.0005) return "±0 %";
  if (change >= 9.995) return `×${Math.round(change + 1)}`;
  const percent = Math.abs(change * 100);
  return `${change > 0 ? "+" : "−"}${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
