// Month partitions of loom.traces are made long before a row needs them. Any instance may do it: the SQL function
// takes an advisory lock and makes only what is missing.
import type { Pool, PoolClient } from "pg";
import { limits } from "../limits.js";

export type PartitionKeeper = {
  /** Rows that were in the default partition at the last look: of a month that nobody had made. */
  readonly strayRows: number;
  stop(): Promise<void>;
};

export type PartitionKeeperOptions = {
  readonly everyMs?: number;
  readonly onMade?: (made: number) => void;
  /** The alarm: rows were found in the default partition. They are moved to months of their own next. */
  readonly onStray?: (rows: number) => void;
  readonly onError?: (error: unknown) => void;
};

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
 * Looks every hour, and a minute after a failure, whether partitions are missing or rows lie in the default one. The
 * first look comes after a minute: `migrate` has just made the partitions, but nobody has looked for stray rows.
 */
export function keepPartitionsAhead(pool: Pool, options: PartitionKeeperOptions = {}): PartitionKeeper {
  const everyMs = options.everyMs ?? hourMs;
  let stopped = false;
  let strayRows = 0;
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(look, Math.min(retryMs, everyMs)).unref();

  async function lookOnce(): Promise<void> {
    const made = await inTransaction(pool, (client) => ensurePartitions(client, new Date()));
    if (made > 0) options.onMade?.(made);
    strayRows = await countStrayRows(pool);
    if (strayRows === 0) return;
    options.onStray?.(strayRows);
    await inTransaction(pool, settleStrayRows);
    strayRows = await countStrayRows(pool);
  }
  function look(): void {
    running = lookOnce().then(
      () => plan(everyMs),
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
    get strayRows() {
      return strayRows;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Rows that no month took. */
async function countStrayRows(db: Pick<PoolClient, "query">): Promise<number> {
  const { rows } = await db.query<{ rows: string }>("SELECT loom.count_default_partition() AS rows");
  return Number(rows[0]?.rows ?? 0);
}

/** Moves them to months that are made for them. Resolves to how many. */
async function settleStrayRows(db: Pick<PoolClient, "query">): Promise<number> {
  const { rows } = await db.query<{ rows: string }>("SELECT loom.settle_default_partition() AS rows");
  return Number(rows[0]?.rows ?? 0);
}

async function inTransaction<Answer>(pool: Pool, work: (client: PoolClient) => Promise<Answer>): Promise<Answer> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
    const answer = await work(client);
    await client.query("COMMIT");
    return answer;
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    // A connection that failed goes back to nobody: closing it also ends its transaction.
    client.release(failure);
  }
}
