// Loaded by `--import` into every thread of a gateway that runs a soak: once a second it notes what only the thread
// itself knows, its heap and how late its event loop was. One line of JSON each, in a file a thread.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread, threadId } from "node:worker_threads";

export type ProbeLine = {
  readonly thread: "main" | "worker";
  readonly atMs: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** How much later than its due time a timer fired, ms. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
};

const intervalMs = 1000;
const resolutionMs = 10;

/** `folder` is given with the address of this module, since a lane's environment is empty. */
export function startProbe(folder: string): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const file = join(folder, `${process.pid}-${threadId}.jsonl`);
  setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    const line: ProbeLine = {
      thread: isMainThread ? "main" : "worker",
      atMs: Date.now(),
      heapBytes: heapUsed,
      externalBytes: external,
      delayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
      delayMaxMs: Math.max(0, delay.max / 1e6 - resolutionMs),
    };
    delay.reset();
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }, intervalMs).unref();
}

const folder = new URL(import.meta.url).searchParams.get("folder");
if (folder !== null) startProbe(folder);
