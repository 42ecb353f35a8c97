#!/usr/bin/env node
// The command `loom`: checks the Node version, builds what is missing, and hands over to dist/src/main.js.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Old versions have no import.meta.dirname; this file has to run on them, if only to say so.
const root = fileURLToPath(new URL("..", import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`error: Loom needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else if (await build()) {
  await import("../dist/src/main.js");
}

async function build() {
  // A published package has no sources: nothing to compare.
  if (!existsSync(join(root, "src")) && existsSync(join(root, "dist", "src", "main.js"))) return true;
  const { BuildFailure, buildIfNeeded } = await import("./build.js");
  try {
    buildIfNeeded(root, { warn: (line) => process.stderr.write(`warning: ${line}\n`) });
    return true;
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
    return false;
  }
}
