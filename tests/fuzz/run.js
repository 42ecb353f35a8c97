#!/usr/bin/env node
// `npm run fuzz -- --seconds N --seed S`: the fuzzer alone, for so long on both front ends together. A run with the
// same seed sends the same cases; how far it comes is a matter of the machine.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const env = {
  ...process.env,
  FUZZ_SECONDS: values.seconds ?? "60",
  FUZZ_SEED: values.seed ?? String(Date.now() % 2 ** 31),
};
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const child = spawn(process.execPath, [vitest, "run", "--project", "fuzz"], { cwd: root, stdio: "inherit", env });
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
