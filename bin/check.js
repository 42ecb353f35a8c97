#!/usr/bin/env node
// `npm run check`: every check that needs no database, side by side, one line each; a failed one shows all it said.
// The steps are independent and read only, so the slowest of them decides how long a contributor waits.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The compiler keeps what it found out about each file, so that a second run reads only what changed. */
const typesOf = (project) => [
  "typescript/bin/tsc",
  "--noEmit",
  ...["--incremental", "--tsBuildInfoFile", join(root, `node_modules/.cache/types/${project}.tsbuildinfo`)],
  ...["-p", project === "sources" ? "." : project],
];

/** Name, package, path of its executable in the package, arguments. */
const steps = [
  ["unit and tidy tests", "vitest/vitest.mjs", "run", "--project", "unit", "--project", "tidy"],
  ["dead code", "knip/bin/knip.js", "--no-progress", "--no-config-hints"],
  ["types of the sources", ...typesOf("sources")],
  ["types of the dashboard", ...typesOf("dashboard")],
  ["types of the tests", ...typesOf("tests")],
  ["lint", "oxlint/bin/oxlint"],
  ["format", "@biomejs/biome/bin/biome", "ci", "--colors=off"],
];

/** Runs one step to its end and prints its line; resolves to whether it passed. */
function runStep([name, executable, ...args]) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, "node_modules", executable), ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // The spool's simulation has 2,000 seeds in `npm test`; a check wants to be quick.
      env: { SPOOL_SEEDS: "200", ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on("close", (code, signal) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
      const passed = code === 0;
      process.stdout.write(`${passed ? "ok  " : "FAIL"} ${seconds} s  ${name}\n`);
      if (!passed) process.stdout.write(`${Buffer.concat(output).toString()}\n${signal ? `ended by ${signal}\n` : ""}`);
      resolve(passed);
    });
  });
}

const startedAt = performance.now();
const results = await Promise.all(steps.map(runStep));
const failed = results.filter((passed) => !passed).length;
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
process.stdout.write(failed === 0 ? `All checks passed in ${seconds} s.\n` : `${failed} failed in ${seconds} s.\n`);
process.exitCode = failed === 0 ? 0 : 1;
