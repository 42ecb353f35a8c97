// When the parts of a stream came, out of the moments that the record has of it: all of a short stream, an even share
// of a long one. What lies between two moments is said to be about then.
import type { StreamTimes, TraceDetail } from "../api/schema.js";

export type Moment = { readonly ms: number; readonly precision: "exact" | "about" };
export type Gap = { readonly fromMs: number; readonly toMs: number; readonly afterBytes: number };

/** When the answer had ended, as far as that is known; ms since the exchange began. */
export function endOfAnswer({ attemptList, latencyMs }: Pick<TraceDetail, "attemptList" | "latencyMs">): number {
  return attemptList?.at(-1)?.endedMs ?? latencyMs;
}

/**
 * When `offset` bytes of the answer had come; null when it was cut before. `end` is where it ended, in ms and bytes.
 * A chunk comes at one moment: where every chunk is known, so is the moment of each byte.
 */
export function momentOf(
  { every, ms, bytes }: StreamTimes,
  offset: number,
  end: { readonly ms: number; readonly bytes: number },
): Moment | null {
  const at = bytes.findIndex((total) => total >= offset);
  if (at !== -1 && (every === 1 || at === 0 || bytes[at] === offset)) return { ms: ms[at] ?? 0, precision: "exact" };
  const [fromMs, fromBytes] = at === -1 ? [ms.at(-1) ?? 0, bytes.at(-1) ?? 0] : [ms[at - 1] ?? 0, bytes[at - 1] ?? 0];
  const [toMs, toBytes] = at === -1 ? [Math.max(end.ms, fromMs), end.bytes] : [ms[at] ?? 0, bytes[at] ?? 0];
  if (toBytes <= fromBytes) return at === -1 && offset > toBytes ? null : { ms: toMs, precision: "about" };
  const share = Math.min(1, (offset - fromBytes) / (toBytes - fromBytes));
  return { ms: fromMs + share * (toMs - fromMs), precision: "about" };
}

/** The longest time between two moments; null when there are not two. */
export function largestGap({ ms, bytes }: StreamTimes): Gap | null {
  let found: Gap | null = null;
  for (let at = 1; at < ms.length; at += 1) {
    const gap = { fromMs: ms[at - 1] ?? 0, toMs: ms[at] ?? 0, afterBytes: bytes[at - 1] ?? 0 };
    if (found === null || gap.toMs - gap.fromMs > found.toMs - found.fromMs) found = gap;
  }
  return found;
}
