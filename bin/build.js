#!/usr/bin/env node
// Compiles the sources into dist/ when they are newer than the last build. `loom` asks at every start, so finding
// nothing to do has to be cheap: it looks at the times of files only. Run by itself, it always compiles.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDashboard, isDashboardFresh } from "./build-dashboard.js";

const sourceFolders = ["src", "workers", "otel", "mock", "bench"];
const lockWaitMs = 120_000;
const pollMs = 50;

/** A failure that a person can mend; the message says how. */
export class BuildFailure extends Error {}

/**
 * Compiles `root` when dist/ is missing or older than the sources. Several starts at once build once.
 * @param {string} root folder of the package
 * @param {{ always?: boolean, warn?: (line: string) => void }} options
 * @returns {"fresh" | "built" | "stale"} `stale`: an older build is used, since there is no compiler
 * @throws {BuildFailure}
 */
export function buildIfNeeded(root, { always = false, warn = () => undefined } = {}) {
  if (!always && isFresh(root) && isDashboardFresh(root)) return "fresh";
  const usable = !always && existsSync(join(root, "dist", "src", "main.js"));
  try {
    return build(root, { always, warn });
  } catch (error) {
    if (!(error instanceof CannotBuild) || !usable) throw error;
    warn(`dist/ is older than the sources; it is started as it is. ${error.message}`);
    return "stale";
  }
}

/** There is nothing to build with, or no place to build to: an older build will do. */
class CannotBuild extends BuildFailure {}

/**
 * @param {string} root
 * @param {{ always: boolean, warn: (line: string) => void }} options
 */
function build(root, { always, warn }) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(compiler)) {
    throw new CannotBuild("dist/ cannot be built: TypeScript is not installed. Run: npm ci --include=dev");
  }
  const unlock = lock(root, () => !always && isFresh(root) && isDashboardFresh(root));
  if (unlock === null) return "fresh";
  try {
    if (always || !isFresh(root)) compile(root, compiler);
    if (always || !isDashboardFresh(root)) {
      const fault = buildDashboard(root);
      if (fault !== null && always) throw new BuildFailure(fault);
      // The gateway works without its dashboard, so a start goes on.
      if (fault !== null) warn(fault);
    }
  } finally {
    unlock();
  }
  return "built";
}

/** @param {string} root */
function isFresh(root) {
  const stamp = statSync(join(root, "dist", ".built"), { throwIfNoEntry: false });
  if (stamp === undefined) return false;
  return newestMs(root) <= stamp.mtimeMs;
}

// A folder's own time tells of files that were removed. A package without sources (an image) has nothing newer.
/** @param {string} root */
function newestMs(root) {
  let newest = statSync(join(root, "tsconfig.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  /** @param {string} folder */
  const visit = (folder) => {
    newest = Math.max(newest, statSync(folder).mtimeMs);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = folder + sep + entry.name;
      if (entry.isDirectory()) {
        // The results of the bench are written by what was built.
        if (entry.name !== "results") visit(path);
      } else if (entry.name.endsWith(".ts")) {
        newest = Math.max(newest, statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
      }
    }
  };
  for (const name of sourceFolders) if (existsSync(join(root, name))) visit(join(root, name));
  return newest;
}

/**
 * @param {string} root
 * @param {string} compiler
 */
function compile(root, compiler) {
  // The stamp carries the time before the build, so that an edit during the build is newer.
  const startedAt = new Date();
  const stamp = join(root, "dist", ".built");
  const run = spawnSync(process.execPath, [compiler, "-p", root], { cwd: root, encoding: "utf8" });
  if (run.status !== 0) {
    const output = `${run.stdout ?? ""}${run.stderr ?? ""}`.trim();
    throw new BuildFailure(`The sources do not compile:\n${output || String(run.error ?? run.signal)}`);
  }
  writeFileSync(stamp, "");
  utimesSync(stamp, startedAt, startedAt);
}

/**
 * Waits for the right to build. Null when another start has built meanwhile.
 * @param {string} root
 * @param {() => boolean} isDone
 */
function lock(root, isDone) {
  const path = join(root, "dist", ".building");
  const deadline = Date.now() + lockWaitMs;
  for (;;) {
    try {
      mkdirSync(join(root, "dist"), { recursive: true });
      const file = openSync(path, "wx");
      writeSync(file, String(process.pid));
      closeSync(file);
    } catch (error) {
      if (error.code !== "EEXIST") {
        throw new CannotBuild(
          `dist/ cannot be built: ${root} is not writable (${error.code}). Run as its owner: npm run build`,
        );
      }
      dropAbandoned(path);
      if (Date.now() > deadline)
        throw new BuildFailure(`Another build holds ${path}. Remove the file if none is running.`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMs);
      continue;
    }
    const unlock = () => rmSync(path, { force: true });
    if (!isDone()) return unlock;
    unlock();
    return null;
  }
}

/** Removes the lock of a process that is gone. @param {string} path */
function dropAbandoned(path) {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  let holder;
  try {
    holder = Number(readFileSync(path, "utf8"));
  } catch {
    // Gone meanwhile: the next round takes it.
    return;
  }
  // Between making the file and writing the number into it there is a moment.
  const isAbandoned = holder > 0 ? !isRunning(holder) : age > 1000;
  if (isAbandoned) rmSync(path, { force: true });
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    buildIfNeeded(join(import.meta.dirname, ".."), { always: true });
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  }
}
