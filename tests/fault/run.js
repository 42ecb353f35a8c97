#!/usr/bin/env node
// `npm run fault`: the fault scenarios, as CI runs them. `-- --full` runs all of them in full numbers, and then the
// simulation of the spool with 100,000 seeds. Whatever else is given goes to vitest (a file, `-t name`).
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const args = process.argv.slice(2);
const isFull = args.includes("--full");
const others = args.filter((arg) => arg !== "--full");

/** @param {string[]} command @param {Record<string, string>} env */
function runVitest(command, env) {
  const { status } = spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...command], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exitCode = status ?? 1;
}

runVitest(["--project", "fault", ...others], { FAULT_TIER: isFull ? "full" : (process.env.FAULT_TIER ?? "usual") });
if (isFull && others.length === 0) {
  const simulation = ["--project", "unit", "tests/unit/workers/spool/spool.test.ts", "--testTimeout=7200000"];
  runVitest(simulation, { SPOOL_SEEDS: "100000" });
}
