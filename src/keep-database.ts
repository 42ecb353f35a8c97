// What a running gateway does for its database by the clock: partitions ahead of time, an eye on the default one, the
// sums of usage, and the retention. Any instance may do any of it; locks in the database see to it that one does.
import { loomItself } from "./administer/audit-events.js";
import { runRetention } from "./administer/retention.js";
import { openPool } from "./postgres/connect.js";
import { keepPartitionsAhead } from "./postgres/partitions.js";
import { isConnectionLoss } from "./postgres/sqlstate.js";
import { keepUsageFolded } from "./postgres/usage-sums.js";
import type { LoomEvent } from "./report/events.js";

export type DatabaseKeeperOptions = {
  readonly url: string;
  /** null drops nothing. */
  readonly retentionDays: number | null;
  readonly emit: (event: LoomEvent) => void;
  /** For tests: an hour else. */
  readonly everyMs?: number;
};

export type DatabaseKeeper = {
  /** Rows that lay in the default partition at the last look. */
  readonly strayRows: number;
  stop(): Promise<void>;
};

const hourMs = 3_600_000;
/** A start is busy enough, and a wrong setting can still be taken back. */
const firstRetentionMs = 10 * 60_000;

export function keepDatabase({ url, retentionDays, emit, everyMs = hourMs }: DatabaseKeeperOptions): DatabaseKeeper {
  // The login's own rights: a retention run takes on its role for each transaction.
  const pool = openPool({ url, max: 1, applicationName: "loom maintenance" });
  const fail = (task: "partitions" | "retention" | "sums") => (error: unknown) => {
    // A database that is away is tried again; others tell of it.
    if (isConnectionLoss(error)) return;
    emit({ name: "maintenance_failed", task, reason: error instanceof Error ? error.message : String(error) });
  };
  const partitions = keepPartitionsAhead(pool, {
    everyMs,
    onStray: (rows) => emit({ name: "partition_missing", rows }),
    onError: fail("partitions"),
  });
  const sums = keepUsageFolded(pool, { onError: fail("sums") });
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  const plan = (delayMs: number): void => {
    if (retentionDays === null) return;
    timer = setTimeout(() => {
      running = runRetention(pool, { days: retentionDays, now: new Date(), by: loomItself })
        .then(({ dropped }) => {
          for (const { name, rows } of dropped)
            emit({ name: "partition_dropped", partition: name, rows, days: retentionDays });
        })
        .catch(fail("retention"))
        .finally(() => {
          if (timer !== null) plan(everyMs);
        });
    }, delayMs).unref();
  };
  plan(Math.min(firstRetentionMs, everyMs));
  return {
    get strayRows() {
      return partitions.strayRows;
    },
    stop: async () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      await Promise.all([partitions.stop(), sums.stop(), running]);
      await pool.end();
    },
  };
}
