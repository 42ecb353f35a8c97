// Waits until what was sent has become rows.
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningLoom } from "../processes/loom-process.js";

const drainMaxMs = 60_000;
const pollMs = 50;
const quietMsMax = 20_000;
const settledMs = 1000;

/** Waits for `wanted` rows; with more than there will ever be, until their number stays the same for a second. */
export async function waitForRows({ database }: Pick<RunningLoom, "database">, wanted: number): Promise<number> {
  const deadline = performance.now() + drainMaxMs;
  let rows = await database.read();
  let changedMs = performance.now();
  while (rows < wanted && performance.now() < deadline) {
    const quietMs = performance.now() - changedMs;
    if (quietMs > (Number.isFinite(wanted) ? quietMsMax : settledMs)) break;
    await sleep(pollMs);
    const now = await database.read();
    if (now !== rows) changedMs = performance.now();
    rows = now;
  }
  return rows;
}
