// CPU time and memory of other processes as Linux counts them, from the text of /proc files (proc(5)).
import { readdirSync, readFileSync } from "node:fs";

export type ProcessStat = {
  readonly name: string;
  readonly parentPid: number;
  /** User and system time of its own, ms. */
  readonly ownMs: number;
  /** The same of children that have ended and were waited for, ms. */
  readonly reapedMs: number;
};

/** USER_HZ, which the kernel's interface fixes at 100 on every platform that Node runs on. */
const msPerTick = 10;

/** A line of /proc/<pid>/stat or /proc/<pid>/task/<tid>/stat. The name may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const nameEnd = text.lastIndexOf(")");
  const fields = text.slice(nameEnd + 2).split(" ");
  // Field 3 of proc(5), the state, is fields[0] here.
  const ticks = (field: number): number => Number(fields[field - 3] ?? 0);
  return {
    name: text.slice(text.indexOf("(") + 1, nameEnd),
    parentPid: ticks(4),
    ownMs: (ticks(14) + ticks(15)) * msPerTick,
    reapedMs: (ticks(16) + ticks(17)) * msPerTick,
  };
}

/** The time on a CPU of a schedstat line (its first figure, ns), in ms; null where the kernel does not count it. */
export function parseSchedstat(text: string): number | null {
  const ns = Number(text.split(" ")[0]);
  return Number.isFinite(ns) && ns > 0 ? ns / 1e6 : null;
}

/** Bytes of a line such as `VmRSS:    154060 kB` of /proc/<pid>/status; NaN when it is not there. */
export function parseMemoryLine(status: string, name: "VmRSS" | "VmHWM"): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  return kilobytes === undefined ? Number.NaN : Number(kilobytes) * 1024;
}

/** CPU ms by thread id. Empty when the process is gone. */
export function readThreadTimes(pid: number): Map<number, number> {
  const times = new Map<number, number>();
  for (const name of listProcFolder(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${name}`;
    // Ticks of 10 ms are coarse, so the scheduler's own count in ns is better where there is one.
    const exactMs = parseSchedstat(readProcFile(`${folder}/schedstat`) ?? "");
    const stat = readProcFile(`${folder}/stat`);
    if (stat !== null) times.set(Number(name), exactMs ?? parseStat(stat).ownMs);
  }
  return times;
}

/** CPU ms of a process, of all below it and of children of these that have ended. 0 when it is gone. */
export function readFamilyMs(pid: number): number {
  let sumMs = 0;
  for (const member of [pid, ...listDescendants(pid)]) {
    const stat = readProcFile(`/proc/${member}/stat`);
    if (stat !== null) sumMs += parseStat(stat).reapedMs + readProcessMs(member);
  }
  return sumMs;
}

/** Children of a process, their children, and so on. */
export function listDescendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of listProcFolder("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProcFile(`/proc/${name}/stat`);
    if (stat !== null) parents.set(Number(name), parseStat(stat).parentPid);
  }
  return findDescendants(pid, parents);
}

/** `parents`: process -> its parent. */
export function findDescendants(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const found = [pid];
  for (const one of found)
    for (const [child, parent] of parents) if (parent === one && child !== pid) found.push(child);
  return found.slice(1);
}

/** Open file descriptors of a process; NaN when they cannot be read. */
export function countDescriptors(pid: number): number {
  const found = listProcFolder(`/proc/${pid}/fd`).length;
  return found === 0 ? Number.NaN : found;
}

export function readProcessMs(pid: number): number {
  let sumMs = 0;
  for (const ms of readThreadTimes(pid).values()) sumMs += ms;
  return sumMs;
}

/** Resident memory now and at its highest, in bytes. */
export function readMemory(pid: number): { readonly nowBytes: number; readonly peakBytes: number } {
  const status = readProcFile(`/proc/${pid}/status`) ?? "";
  return { nowBytes: parseMemoryLine(status, "VmRSS"), peakBytes: parseMemoryLine(status, "VmHWM") };
}

function readProcFile(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // The process or thread ended meanwhile, or this is not Linux: there is nothing to count.
    return null;
  }
}

function listProcFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
