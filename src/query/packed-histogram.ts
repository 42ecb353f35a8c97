// Quantiles of packed histograms: int16 bucket and int32 count, big-endian, in any order and any number of times, as
// loom.usage_sums holds them. Adding up is done here because it is a hundred times cheaper than in SQL.

/** The mapping of workers/persist/histogram.ts, DDSketch with a relative accuracy of 1 %. */
const gamma = (1 + 0.01) / (1 - 0.01);
const entryBytes = 6;
/** All buckets that the mapping has, from 1 us to 31 years, and then some. */
const bucketMin = -512;
const bucketCount = 2560;

/** The one value, in ms, that is within 1 % of every value of its bucket. */
export function valueOfBucket(bucket: number): number {
  return (2 * gamma ** bucket) / (gamma + 1);
}

/**
 * The values, in ms, below which the shares (0 to 1, ascending) of all values lie, by nearest rank; null when empty.
 * What is in `removed` is taken away from what is in `added`.
 */
export function readQuantiles(
  added: readonly Buffer[],
  shares: readonly number[],
  removed: readonly Buffer[] = [],
): { readonly count: number; readonly values: readonly (number | null)[] } {
  if (added.every(({ length }) => length === 0)) return { count: 0, values: shares.map(() => null) };
  const counts = new Float64Array(bucketCount);
  let count = 0;
  for (const packed of added) count += addCounts(counts, packed, 1);
  for (const packed of removed) count += addCounts(counts, packed, -1);
  const values: number[] = [];
  let seen = 0;
  for (let bucket = 0; bucket < bucketCount && values.length < shares.length; bucket += 1) {
    seen += counts[bucket] ?? 0;
    while (values.length < shares.length && seen >= Math.max(1, Math.ceil((shares[values.length] ?? 1) * count))) {
      values.push(valueOfBucket(bucket + bucketMin));
    }
  }
  return { count, values };
}

function addCounts(counts: Float64Array, packed: Buffer, sign: 1 | -1): number {
  let count = 0;
  for (let at = 0; at + entryBytes <= packed.length; at += entryBytes) {
    const bucket = Math.min(bucketCount - 1, Math.max(0, packed.readInt16BE(at) - bucketMin));
    const added = sign * packed.readInt32BE(at + 2);
    counts[bucket] = (counts[bucket] ?? 0) + added;
    count += added;
  }
  return count;
}
