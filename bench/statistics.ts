// Medians, percentiles and spreads of what the rounds measured. Pure.

/** A figure over all rounds of a run: its median, and the lowest and highest round. */
export type Spread = { readonly median: number; readonly low: number; readonly high: number };

/** A copy in rising order, as `percentile` wants it. */
export function sortSamples(samples: Iterable<number>): Float64Array {
  return Float64Array.from(samples).sort();
}

/** Nearest rank: the smallest sample that at least `fraction` of all samples do not exceed. NaN without samples. */
export function percentile(sorted: Float64Array, fraction: number): number {
  const rank = Math.ceil(fraction * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] ?? Number.NaN;
}

/** The mean of the two middle values when their number is even; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = sortSamples(values);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = sortSamples(values);
  return { median: median(values), low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN };
}
