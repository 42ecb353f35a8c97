// How much of the machine other programs used meanwhile. Figures of a busy machine tell of its neighbours.
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { readFamilyMs } from "./cpu-times.js";

const msPerTick = 10;

/** Busy CPU ms of the whole machine since its start, from the text of /proc/stat; stolen time counts as busy. */
export function parseMachineMs(stat: string): number {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ").map(Number) ?? [];
  const [user = Number.NaN, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) * msPerTick;
}

/** Call the answer at the end: the share (0 to 1) of all CPU time that neither `pid` nor anything below it used. */
export function watchForeignLoad(pid: number): () => number {
  const start = { atMs: performance.now(), machineMs: readMachineMs(), ownMs: readFamilyMs(pid) };
  return () => {
    const spentMs = readMachineMs() - start.machineMs - (readFamilyMs(pid) - start.ownMs);
    return Math.max(0, spentMs / ((performance.now() - start.atMs) * cpus().length));
  };
}

/** NaN where there is no /proc. */
function readMachineMs(): number {
  try {
    return parseMachineMs(readFileSync("/proc/stat", "latin1"));
  } catch {
    return Number.NaN;
  }
}
