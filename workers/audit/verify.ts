// Verifies a database or a bundle: brings the items to the check, counts how far it has come, and turns a reading that
// failed into "could not tell".
import { type LedgerCheck, type Verification } from "../ledger/ledger-check.js";
import type { LedgerItem } from "../ledger/ledger-item.js";

/** Two float64: rows compared so far, rows to compare (0 when nobody knows). The caller looks at it as it likes. */
export type Progress = Float64Array;

export type TimedVerification = Verification & { readonly ms: number };

/** Never rejects: what cannot be read is a reason why it cannot be told. */
export async function runCheck(
  check: LedgerCheck,
  items: AsyncIterable<LedgerItem>,
  progress: Progress,
): Promise<TimedVerification> {
  const startedAt = performance.now();
  let failure: string | null = null;
  try {
    for await (const item of items) {
      check.take(item);
      progress[0] = check.rows;
    }
  } catch (error) {
    failure = `The ledger could not be read to its end: ${error instanceof Error ? error.message : String(error)}.`;
  }
  return { ...check.finish(failure), ms: performance.now() - startedAt };
}
