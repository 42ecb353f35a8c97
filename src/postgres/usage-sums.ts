// Adds the rollups up to sums by half hour and by day, by the clock. Any instance may do it: the SQL function takes an
// advisory lock, and whoever reads meanwhile counts each rollup exactly once.
import type pg from "pg";
import { limits } from "../limits.js";
import { assumeRole } from "./roles.js";

export type UsageFolder = { stop(): Promise<void> };

type UsageFolderOptions = {
  readonly everyMs?: number;
  readonly onError: (error: unknown) => void;
};

/** Takes rollups until few are left. Resolves to how many it took. */
export async function foldUsage(pool: pg.Pool, isStopped: () => boolean = () => false): Promise<number> {
  let taken = 0;
  for (;;) {
    const now = await foldOnce(pool);
    taken += now;
    // A full portion means that more are waiting.
    if (now < limits.foldRowsMax || isStopped()) return taken;
  }
}

async function foldOnce(pool: pg.Pool): Promise<number> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query("BEGIN");
    await assumeRole(client, "loom_authenticator", "transaction");
    const { rows } = await client.query<{ taken: string }>("SELECT loom.fold_usage($1) AS taken", [limits.foldRowsMax]);
    await client.query("COMMIT");
    return Number(rows[0]?.taken ?? 0);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    // A connection that failed goes back to nobody: closing it also ends its transaction.
    client.release(failure);
  }
}

export function keepUsageFolded(
  pool: pg.Pool,
  { everyMs = limits.foldEveryMs, onError }: UsageFolderOptions,
): UsageFolder {
  let state: "running" | "stopped" = "running";
  let working: Promise<unknown> = Promise.resolve();
  let timer = setTimeout(run, everyMs).unref();

  function run(): void {
    working = foldUsage(pool, () => state === "stopped")
      .catch(onError)
      .finally(() => {
        if (state === "running") timer = setTimeout(run, everyMs).unref();
      });
  }

  return {
    stop: async () => {
      state = "stopped";
      clearTimeout(timer);
      await working;
    },
  };
}
