#!/usr/bin/env node
// `npm run fault`: the fault scenarios alone. `-- --full` runs all of them, in full numbers, and takes its time;
// whatever else is given goes to vitest (a file, `-t name`).
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const args = process.argv.slice(2);
const isFull = args.includes("--full");
const child = spawn(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    ...["run", "--project", "fault"],
    ...args.filter((arg) => arg !== "--full"),
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, ...(isFull && { FAULT_FULL: "1" }) } },
);
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
