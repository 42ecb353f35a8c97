// One gateway a home: two would share a spool, a key file and a database folder. The lock is a file that names its
// holder; it is taken over when that process is gone, however it went.
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProcessStart } from "./process-identity.js";

export type HomeLock = { readonly path: string; release(): void };

type Holder = { readonly pid: number; readonly start: string | null };

/** Two processes may take over the same stale lock; after this time only one of them still finds its own name in it. */
const takeoverSettleMs = 100;

/**
 * Takes the lock of a home (made if missing). Keep it for as long as the home is used.
 *
 * @throws Error that names the pid when another live process holds it.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = join(home, "lock");
  const mine = `${JSON.stringify({ pid: process.pid, start: readProcessStart(process.pid) })}\n`;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (createLock(path, mine)) {
      if (attempt > 0) await sleep(takeoverSettleMs);
      if (readLock(path) === mine) return { path, release: () => removeLock(path, mine) };
      continue;
    }
    const found = readLock(path);
    if (found === null) continue;
    const holder = parseHolder(found);
    if (holder !== null && isHeld(holder)) {
      throw new Error(
        `The home ${home} is in use by another Loom (pid ${holder.pid}). Stop it first, or give this one its own home with LOOM_HOME.`,
      );
    }
    setStaleLockAside(path, found);
  }
  throw new Error(`The lock ${path} changes too often to be taken. Is something starting Loom in a loop?`);
}

/** The pid of the process that holds the home, or null. */
export function findHomeHolder(home: string): number | null {
  const found = readLock(join(home, "lock"));
  const holder = found === null ? null : parseHolder(found);
  return holder !== null && isHeld(holder) ? holder.pid : null;
}

/** link(2) fails when the name exists, and a file that is linked has its whole content: no reader sees half a lock. */
function createLock(path: string, content: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { mode: 0o644 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Moves the stale lock away; puts it back if it was replaced by a fresh one since it was read. */
function setStaleLockAside(path: string, stale: string): void {
  const aside = `${path}.stale.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, "utf8") !== stale) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody else was faster; the caller looks again.
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  }
}

function removeLock(path: string, mine: string): void {
  if (readLock(path) === mine) unlinkSync(path);
}

function readLock(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function parseHolder(content: string): Holder | null {
  try {
    const { pid, start } = JSON.parse(content) as { pid?: unknown; start?: unknown };
    if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 0) return null;
    return { pid, start: typeof start === "string" ? start : null };
  } catch {
    // Written by nothing that we know: it holds nothing.
    return null;
  }
}

function isHeld(holder: Holder): boolean {
  const start = readProcessStart(holder.pid);
  return start !== null && (holder.start === null || holder.start === start);
}
