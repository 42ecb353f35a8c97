// The pacer's thread: sleeps until something is due, knocks once, and knocks again only when the last knock was heard.
import { parentPort, workerData } from "node:worker_threads";
import { nowMs, type PacerStart, pacerFlags } from "./pacer.js";

const { flags, startNs, intervalMs } = workerData as PacerStart;
const startMs = Number(startNs) / 1e6;

for (let tick = 0; ; ) {
  const waitMs = startMs + tick * intervalMs - nowMs();
  // Wakes early, and for good, when the flag becomes 1.
  if (waitMs > 0) Atomics.wait(flags, pacerFlags.stopped, 0, waitMs);
  if (Atomics.load(flags, pacerFlags.stopped) === 1) break;
  if (Atomics.exchange(flags, pacerFlags.knocked, 1) === 0) parentPort?.postMessage(null);
  tick = Math.max(tick + 1, Math.ceil((nowMs() - startMs) / intervalMs));
}
