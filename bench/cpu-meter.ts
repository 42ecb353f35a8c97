// CPU by part of the world: the gateway's main thread, its lanes and its other threads, Postgres, nginx, and for
// comparison the mock and the load generator. Whoever divides a difference by a count gets CPU per request.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFamilyMs, readProcessMs, readThreadTimes } from "./cpu-times.js";

export const cpuParts = ["main", "lanes", "other", "postgres", "nginx", "mock", "generator"] as const;
export type CpuPart = (typeof cpuParts)[number];
/** CPU ms since the start of each part. */
export type CpuReading = Readonly<Record<CpuPart, number>>;

export type MeteredProcesses = {
  readonly gatewayPid: number;
  /** Where the gateway's worker threads note who they are: bench/note-thread.ts. */
  readonly threadNotes: string;
  readonly postmasterPid: number | null;
  readonly nginxPid: number | null;
  readonly mockPid: number;
  readonly generatorPid: number;
};

export function readCpu(processes: MeteredProcesses): CpuReading {
  const lanes = readLaneThreads(processes.threadNotes);
  const gateway = { main: 0, lanes: 0, other: 0 };
  for (const [tid, ms] of readThreadTimes(processes.gatewayPid)) {
    if (tid === processes.gatewayPid) gateway.main += ms;
    else if (lanes.has(tid)) gateway.lanes += ms;
    else gateway.other += ms;
  }
  return {
    ...gateway,
    postgres: processes.postmasterPid === null ? Number.NaN : readFamilyMs(processes.postmasterPid),
    nginx: processes.nginxPid === null ? Number.NaN : readFamilyMs(processes.nginxPid),
    mock: readProcessMs(processes.mockPid),
    generator: readProcessMs(processes.generatorPid),
  };
}

/** CPU µs a unit of work between two readings. */
export function cpuPerUnit(before: CpuReading, after: CpuReading, units: number): Record<CpuPart, number> {
  const perUnit = (part: CpuPart): number => ((after[part] - before[part]) * 1000) / units;
  return {
    main: perUnit("main"),
    lanes: perUnit("lanes"),
    other: perUnit("other"),
    postgres: perUnit("postgres"),
    nginx: perUnit("nginx"),
    mock: perUnit("mock"),
    generator: perUnit("generator"),
  };
}

function readLaneThreads(folder: string): Set<number> {
  const lanes = new Set<number>();
  for (const name of readdirSync(folder)) {
    if (readFileSync(join(folder, name), "utf8") === "lane") lanes.add(Number(name));
  }
  return lanes;
}
