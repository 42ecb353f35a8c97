// Vitest's global setup of the fault project: compiles the provider once, so that it can run as a process of its own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The compiled tests/fault/provider/provider-main.ts. */
    faultProvider: string;
  }
}

const checkout = fileURLToPath(new URL("../../..", import.meta.url));

export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "loom-fault-provider-"));
  execFileSync(
    process.execPath,
    [
      join(checkout, "node_modules/typescript/bin/tsc"),
      ...["--ignoreConfig", "--noCheck", "--skipLibCheck", "--rootDir", ".", "--outDir", folder],
      ...["--module", "nodenext", "--target", "es2023", "--types", "node", "tests/fault/provider/provider-main.ts"],
    ],
    { cwd: checkout },
  );
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  project.provide("faultProvider", join(folder, "tests/fault/provider/provider-main.js"));
  return () => rmSync(folder, { recursive: true, force: true });
}
