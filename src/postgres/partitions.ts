// Month partitions of loom.traces are made long before a row needs them. Any instance may do it: the SQL function
// takes an advisory lock and makes only what is missing.
import type { Pool, PoolClient } from "pg";
import { limits } from "../limits.js";

export type PartitionKeeper = { stop(): Promise<void> };

const hourMs = 3_600_000;
const retryMs = 60_000;
const dayMs = 86_400_000;

/**
 * Making a partition locks the whole table for a moment. Waiting for that lock behind a long COPY would queue every
 * other COPY behind us, so the wait is short and the next try comes in a minute: there are months of time.
 */
const lockTimeoutMs = 2000;

/**
 * Makes the partitions from yesterday's month (exchanges begun before midnight are still to come) to
 * `limits.partitionMonthsAhead` months after now's. Resolves to the number of partitions made.
 */
export async function ensurePartitions(client: Pick<PoolClient, "query">, now: Date): Promise<number> {
  const from = new Date(now.getTime() - dayMs);
  const { rows } = await client.query<{ made: number }>("SELECT loom.ensure_trace_partitions($1, $2) AS made", [
    from.toISOString(),
    countMonths(from, now) + limits.partitionMonthsAhead,
  ]);
  return rows[0]?.made ?? 0;
}

/** Months from the one of `from` to the one of `to`, both counted, in UTC as the partitions are. */
function countMonths(from: Date, to: Date): number {
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth() + 1;
}

/**
 * Looks every hour, and a minute after a failure, whether partitions are missing. The first look comes after an hour,
 * since `migrate` has just done it.
 */
export function keepPartitionsAhead(
  pool: Pool,
  options: { everyMs?: number; onMade?: (made: number) => void; onError?: (error: unknown) => void } = {},
): PartitionKeeper {
  const everyMs = options.everyMs ?? hourMs;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(look, everyMs).unref();

  function look(): void {
    running = ensureInTransaction(pool).then(
      (made) => {
        if (made > 0) options.onMade?.(made);
        plan(everyMs);
      },
      (error: unknown) => {
        options.onError?.(error);
        plan(Math.min(retryMs, everyMs));
      },
    );
  }
  function plan(delayMs: number): void {
    if (!stopped) timer = setTimeout(look, delayMs).unref();
  }

  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function ensureInTransaction(pool: Pool): Promise<number> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    const made = await ensurePartitions(client, new Date());
    await client.query("COMMIT");
    return made;
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    // A connection that failed goes back to nobody: closing it also ends its transaction.
    client.release(failure);
  }
}
