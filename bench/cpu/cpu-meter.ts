// CPU by part of each program: the gateway's main thread, its lanes and its other threads, Postgres, nginx, peers, and
// for comparison the mock and the load generator. Whoever divides a difference by a count gets CPU per request.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  countDescriptors,
  listDescendants,
  readFamilyMs,
  readMemory,
  readProcessMs,
  readThreadTimes,
} from "./cpu-times.js";

/** CPU ms since the start of each part, by its name. */
export type CpuReading = Readonly<Record<string, number>>;
/** Reads the CPU of one program. */
export type Meter = () => CpuReading;

export type MeteredLoom = {
  readonly gatewayPid: number;
  /** Where the gateway's worker threads note who they are: bench/processes/note-thread.ts. */
  readonly threadNotes: string;
  readonly postmasterPid: number | null;
};

export type Holdings = { readonly rssBytes: number; readonly rssPeakBytes: number; readonly descriptors: number };

/** Parts `main`, `lanes`, `other`, `postgres`; a gateway of several processes has several main threads. */
export function meterLoom(loom: MeteredLoom): Meter {
  const { threadNotes, postmasterPid } = loom;
  return () => {
    const lanes = readLaneThreads(threadNotes);
    const sums = { main: 0, lanes: 0, other: 0 };
    for (const pid of listGateway(loom)) {
      for (const [tid, ms] of readThreadTimes(pid))
        sums[tid === pid ? "main" : lanes.has(tid) ? "lanes" : "other"] += ms;
    }
    return { ...sums, ...(postmasterPid === null ? {} : { postgres: readFamilyMs(postmasterPid) }) };
  };
}

/** Resident memory and descriptors of all processes of the gateway, without Postgres. */
export function readHoldings(loom: MeteredLoom): Holdings {
  const each = listGateway(loom).map((pid) => ({ ...readMemory(pid), descriptors: countDescriptors(pid) }));
  const sum = (of: (one: (typeof each)[number]) => number): number => each.reduce((total, one) => total + of(one), 0);
  return {
    rssBytes: sum(({ nowBytes }) => nowBytes),
    rssPeakBytes: sum(({ peakBytes }) => peakBytes),
    descriptors: sum(({ descriptors }) => descriptors),
  };
}

function listGateway({ gatewayPid, postmasterPid }: MeteredLoom): number[] {
  const notOurs = postmasterPid === null ? [] : [postmasterPid, ...listDescendants(postmasterPid)];
  return [gatewayPid, ...listDescendants(gatewayPid)].filter((pid) => !notOurs.includes(pid));
}

/** Parts by the given names, each a process with its children. */
export function meterFamilies(pids: Readonly<Record<string, number>>): Meter {
  return () => Object.fromEntries(Object.entries(pids).map(([part, pid]) => [part, readFamilyMs(pid)]));
}

/** Parts by the given names, each a process alone. */
export function meterProcesses(pids: Readonly<Record<string, number>>): Meter {
  return () => Object.fromEntries(Object.entries(pids).map(([part, pid]) => [part, readProcessMs(pid)]));
}

/** CPU µs a unit of work between two readings, by part. */
export function cpuPerUnit(before: CpuReading, after: CpuReading, units: number): Record<string, number> {
  const parts = Object.keys(after).filter((part) => part in before);
  return Object.fromEntries(parts.map((part) => [part, (((after[part] ?? 0) - (before[part] ?? 0)) * 1000) / units]));
}

function readLaneThreads(folder: string): Set<number> {
  const lanes = new Set<number>();
  for (const name of readdirSync(folder)) {
    if (readFileSync(join(folder, name), "utf8") === "lane") lanes.add(Number(name));
  }
  return lanes;
}
