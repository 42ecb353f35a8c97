// Days of a time zone out of sums by day of UTC. Each day of UTC counts, as a whole, for the bucket that its noon lies
// in; the pieces of it that lie in another bucket are read from finer sums, added there and taken away here. Of a zone
// five and a half hours off that is 11 half hours a day, not 48; of one at a quarter of an hour, 15 minutes besides.
import type { TimeSpan } from "./time-span.js";

/** A part of a day of UTC: `countedMs` is the begin of the bucket that its day counts for, `belongsMs` that of its own. */
export type Piece = TimeSpan & { readonly countedMs: number; readonly belongsMs: number };

const dayMs = 86_400_000;

/** Where in a day of UTC its bucket is asked for, ms after its begin. */
export const noonMs = dayMs / 2;

/**
 * The pieces of the whole days of UTC in `span`. `begins` are those of all buckets, ascending; the first one is not
 * later than the span.
 */
export function findPieces({ fromMs, toMs }: TimeSpan, begins: readonly number[]): Piece[] {
  const firstDay = Math.ceil(fromMs / dayMs) * dayMs;
  const pieces: Piece[] = [];
  let bucket = 0;
  for (let day = firstDay; day + dayMs <= toMs; day += dayMs) {
    while ((begins[bucket + 1] ?? Number.POSITIVE_INFINITY) <= day) bucket += 1;
    // From the bucket of the day's begin on, those that begin within it.
    const inside: number[] = [];
    for (let next = bucket + 1; (begins[next] ?? Number.POSITIVE_INFINITY) < day + dayMs; next += 1) {
      inside.push(begins[next] ?? 0);
    }
    const first = begins[bucket];
    if (first === undefined || inside.length === 0) continue;
    const countedMs = inside.findLast((beginMs) => beginMs <= day + noonMs) ?? first;
    const borders = [day, ...inside, day + dayMs];
    for (const [index, belongsMs] of [first, ...inside].entries()) {
      if (belongsMs === countedMs) continue;
      pieces.push({ fromMs: borders[index] ?? day, toMs: borders[index + 1] ?? day + dayMs, countedMs, belongsMs });
    }
  }
  return pieces;
}
