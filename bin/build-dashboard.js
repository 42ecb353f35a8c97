#!/usr/bin/env node
// Builds dashboard/ into dashboard/dist/, which the gateway serves. Called by build.js when a source is newer than the
// last build; run by itself (`npm run build:dashboard`) it always builds.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";

/** @param {string} root */
const stampOf = (root) => join(root, "dashboard", "dist", ".built");

/** Whether there is nothing to build: no sources (a published package), or none that is newer. @param {string} root */
export function isDashboardFresh(root) {
  if (!existsSync(join(root, "dashboard", "index.html"))) return true;
  const stamp = statSync(stampOf(root), { throwIfNoEntry: false });
  return stamp !== undefined && newestMs(join(root, "dashboard")) <= stamp.mtimeMs;
}

// A folder's own time tells of files that were removed.
/** @param {string} top */
function newestMs(top) {
  let newest = 0;
  /** @param {string} folder */
  const visit = (folder) => {
    if (folder !== top) newest = Math.max(newest, statSync(folder).mtimeMs);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name === "dist" || entry.name.startsWith(".")) continue;
      const path = folder + sep + entry.name;
      if (entry.isDirectory()) visit(path);
      else newest = Math.max(newest, statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    }
  };
  visit(top);
  return newest;
}

/**
 * @param {string} root
 * @returns {string | null} what went wrong, for people; null when it is built
 */
export function buildDashboard(root) {
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  if (!existsSync(vite)) return "dashboard/dist cannot be built: Vite is not installed. Run: npm ci --include=dev";
  // The stamp carries the time before the build, so that an edit during the build is newer.
  const startedAt = new Date();
  const run = spawnSync(process.execPath, [vite, "build", "dashboard", "--logLevel", "warn"], {
    cwd: root,
    encoding: "utf8",
  });
  if (run.status !== 0) {
    const output = `${run.stdout ?? ""}${run.stderr ?? ""}`.trim();
    return `The dashboard does not build:\n${output || String(run.error ?? run.signal)}`;
  }
  writeFileSync(stampOf(root), "");
  utimesSync(stampOf(root), startedAt, startedAt);
  return null;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const fault = buildDashboard(join(import.meta.dirname, ".."));
  if (fault !== null) {
    process.stderr.write(`error: ${fault}\n`);
    process.exitCode = 1;
  }
}
