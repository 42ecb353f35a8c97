// The demo tenant of a new database, and `<home>/demo.json` that holds its key for scripts and newcomers.
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const demoShape = z.object({ url: z.string(), key: z.string(), tenant: z.string() });
export type Demo = z.infer<typeof demoShape>;

function demoFile(home: string): string {
  return join(home, "demo.json");
}

export function readDemo(home: string): Demo | null {
  try {
    return demoShape.parse(JSON.parse(readFileSync(demoFile(home), "utf8")));
  } catch {
    // Missing or damaged: it is made again.
    return null;
  }
}

/** Writes the file whole or not at all, mode 600, and gives its path. */
export function writeDemo(home: string, demo: Demo): string {
  const file = demoFile(home);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
  return file;
}
