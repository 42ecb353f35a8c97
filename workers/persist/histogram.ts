// Latencies as sparse log buckets: any quantile comes out within 1 % of a real value, and histograms of any two
// minutes, keys or tenants add up. The mapping is DDSketch's (Masson, Rim, Lee: VLDB 2019, section 2.1).

const relativeAccuracy = 0.01;
/** Each bucket ends at this many times the end of the one before. */
const gamma = (1 + relativeAccuracy) / (1 - relativeAccuracy);
const logGamma = Math.log(gamma);
/** 1 µs. Everything below counts as this, zero and what is no number too. */
const valueMinMs = 0.001;
/** About 31 years; keeps bucket numbers far within int2. */
const valueMaxMs = 1e12;

/** The bucket of a duration in ms: bucket b holds (gamma^(b-1), gamma^b]. */
export function bucketOf(valueMs: number): number {
  const value = valueMs >= valueMinMs ? Math.min(valueMs, valueMaxMs) : valueMinMs;
  return Math.ceil(Math.log(value) / logGamma);
}

/** The one value, in ms, that is within 1 % of every value of its bucket. */
export function valueOf(bucket: number): number {
  return (2 * gamma ** bucket) / (gamma + 1);
}

/** Parallel arrays, as their two columns hold them; buckets ascend. */
export type Sparse = { readonly buckets: readonly number[]; readonly counts: readonly number[] };

export class Histogram {
  readonly #counts = new Map<number, number>();

  /** Counts one duration in ms. */
  add(valueMs: number): void {
    this.#count(bucketOf(valueMs), 1);
  }

  merge(other: Sparse): void {
    for (const [index, bucket] of other.buckets.entries()) this.#count(bucket, other.counts[index] ?? 0);
  }

  toSparse(): Sparse {
    const entries = [...this.#counts].sort(([left], [right]) => left - right);
    return { buckets: entries.map(([bucket]) => bucket), counts: entries.map(([, count]) => count) };
  }

  /** The value, in ms, below which the share `q` (0 to 1) of all values lies, by nearest rank. Null when empty. */
  quantile(q: number): number | null {
    const { buckets, counts } = this.toSparse();
    const total = counts.reduce((sum, count) => sum + count, 0);
    const rank = Math.max(1, Math.ceil(q * total));
    let seen = 0;
    for (const [index, bucket] of buckets.entries()) {
      seen += counts[index] ?? 0;
      if (seen >= rank) return valueOf(bucket);
    }
    return null;
  }

  #count(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
  }
}
