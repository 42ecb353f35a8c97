// What a database folder says about its server: postmaster.pid, as PostgreSQL's src/include/utils/pidfile.h lays it
// out. A Loom that was killed leaves its server running, so this decides between adopting, waiting and starting anew.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { socketPort } from "./embedded-place.js";
import { isRunning, readProcessFiles, waitForEnd } from "./process-identity.js";

export type Postmaster = {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  readonly status: "starting" | "stopping" | "ready" | "standby" | "unknown";
};

/** Reads postmaster.pid: pid, folder, start time, port, socket folder, address, shared memory, status, a line each. */
export function parsePostmasterPid(text: string): Postmaster | null {
  const [pidLine = "", , , portLine = "", socketDir = "", , , statusLine = ""] = text.split("\n");
  // A standalone backend writes its pid as a negative number.
  const pid = Math.abs(Number(pidLine));
  if (!Number.isInteger(pid) || pid === 0) return null;
  const status = (["starting", "stopping", "ready", "standby"] as const).find((name) => name === statusLine.trim());
  return { pid, port: Number(portLine), socketDir, status: status ?? "unknown" };
}

/** What postmaster.pid says, whether true or not. */
export function readPostmaster(dataDir: string): Postmaster | null {
  try {
    return parsePostmasterPid(readFileSync(join(dataDir, "postmaster.pid"), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The server that runs on this folder now, or null. A pid that another program got since does not count. */
export function findLivePostmaster(dataDir: string): Postmaster | null {
  const found = readPostmaster(dataDir);
  return found !== null && isServerOf(found.pid, dataDir) ? found : null;
}

/** A postmaster works in its database folder; where that cannot be seen, the name of its program has to do. */
function isServerOf(pid: number, dataDir: string): boolean {
  if (!isRunning(pid)) return false;
  const { program, folder } = readProcessFiles(pid);
  if (folder !== null) return folder === dataDir;
  return program === null || isPostgres(program);
}

function isPostgres(program: string): boolean {
  return /^postgres(\.exe)?( \(deleted\))?$/.test(basename(program));
}

/**
 * Makes a folder whose server is gone ready for the next one. PostgreSQL clears the file itself when its pid is free,
 * after it has looked for survivors through the shared memory named in the same file; so a pid that another program
 * has got is replaced, not the file removed. Our own pid is one that the server ignores, as its parent's.
 */
export async function clearStalePostmaster(dataDir: string, socketDir: string): Promise<void> {
  const file = join(dataDir, "postmaster.pid");
  const found = readPostmaster(dataDir);
  if (found !== null && isRunning(found.pid)) {
    const [, ...rest] = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, [String(process.pid), ...rest].join("\n"));
  }
  const socket = join(socketDir, `.s.PGSQL.${socketPort}`);
  await quitOrphan(`${socket}.lock`);
  rmSync(socket, { force: true });
  rmSync(`${socket}.lock`, { force: true });
}

/** A server whose home was removed may still hold the socket folder of a home with the same path. */
async function quitOrphan(lockFile: string): Promise<void> {
  let pid: number;
  try {
    pid = Math.abs(Number.parseInt(readFileSync(lockFile, "utf8"), 10));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (!Number.isInteger(pid) || pid === 0 || !isRunning(pid)) return;
  const { program, folder } = readProcessFiles(pid);
  if (program === null || !isPostgres(program) || folder === null) return;
  if (!folder.endsWith(" (deleted)")) {
    throw new Error(`Another PostgreSQL (pid ${pid}, working in ${folder}) holds ${lockFile}. Stop it first.`);
  }
  process.kill(pid, "SIGQUIT");
  await waitForEnd(pid, 10_000);
}

/** Waits for a live server to take connections. @returns false when it ended instead. */
export async function waitUntilReady(pid: number, dataDir: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(pid)) {
    const found = readPostmaster(dataDir);
    if (found?.pid === pid && found.status === "ready") return true;
    if (Date.now() > deadline) throw new Error(`PostgreSQL (pid ${pid}) was not ready after ${timeoutMs / 1000} s.`);
    await sleep(10);
  }
  return false;
}

/**
 * Fast shutdown (clients are cut off, everything is written), then the immediate one, then the end.
 * @returns how it ended.
 */
export async function stopPostmaster(pid: number, timeoutMs: number): Promise<"fast" | "immediate" | "killed"> {
  const steps = [
    ["SIGINT", timeoutMs, "fast"],
    ["SIGQUIT", 5000, "immediate"],
    ["SIGKILL", 5000, "killed"],
  ] as const;
  for (const [signal, waitMs, outcome] of steps) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return outcome;
      throw error;
    }
    if (await waitForEnd(pid, waitMs)) return outcome;
  }
  throw new Error(`PostgreSQL (pid ${pid}) does not end.`);
}
