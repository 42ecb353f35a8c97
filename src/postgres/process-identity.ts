// Is the process that a file names still the one that wrote it? A pid alone does not tell: pids are used again,
// and a dead child of a careless init stays visible as a zombie.
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const hasProc = process.platform === "linux";

/**
 * A text that differs between two processes that had the same pid, or null when no such process runs.
 * On Linux the boot id and the start time in clock ticks (field 22 of proc(5) stat), elsewhere the start date of ps(1).
 */
export function readProcessStart(pid: number): string | null {
  if (!hasProc) return readStartDate(pid);
  const fields = readStatFields(pid);
  const state = fields?.[0];
  const startTicks = fields?.[19];
  if (state === undefined || startTicks === undefined || state === "Z" || state === "X") return null;
  return `${readBootId()}:${startTicks}`;
}

/** True while a process with this pid runs; a zombie does not run. */
export function isRunning(pid: number): boolean {
  return readProcessStart(pid) !== null;
}

/** The program file and the working folder of a process; null for what this user may not know. */
export function readProcessFiles(pid: number): { program: string | null; folder: string | null } {
  if (!hasProc) return { program: readCommand(pid), folder: null };
  return { program: readLink(`/proc/${pid}/exe`), folder: readLink(`/proc/${pid}/cwd`) };
}

/** Resolves to true when the process is gone, to false when `timeoutMs` passed before. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const start = readProcessStart(pid);
  const deadline = Date.now() + timeoutMs;
  while (start !== null && readProcessStart(pid) === start) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** The fields of /proc/<pid>/stat after the program name, which may itself contain spaces and parentheses. */
function readStatFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // No such process; there is nothing else to learn from the error.
    return null;
  }
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    // Some containers hide it; the start time alone then has to do.
    return "";
  }
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // Gone, or another user's process.
    return null;
  }
}

function readStartDate(pid: number): string | null {
  return runPs(pid, "lstart=");
}

function readCommand(pid: number): string | null {
  return runPs(pid, "comm=");
}

function runPs(pid: number, column: string): string | null {
  try {
    const [state, ...rest] = execFileSync("ps", ["-o", `state=,${column}`, "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith("Z") || rest.length === 0 ? null : rest.join(" ");
  } catch {
    // ps answers with an exit code of 1 when the process is not there.
    return null;
  }
}
