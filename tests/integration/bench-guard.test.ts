// Whether the guard of the bench finds a slow line on the path: the command as CI runs it, with 2 ms planted into Loom.
// It stands on the 1st percentile of the best round, which a busy machine hardly moves.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const runMs = 150_000;
const { kind } = inject("database");

function bench(...args: string[]): { code: number | null; output: string } {
  const command = [join(root, "dist", "bench", "bench.js"), "overhead", "--quick", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
  return { code: status, output: stdout + stderr };
}

describe.skipIf(kind === "off")("the guard of the bench", () => {
  let folder: string;
  let before: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "loom-bench-guard-"));
    before = join(folder, "before.json");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("passes the code as it is", { timeout: runMs * 2, retry: 1 }, () => {
    const first = bench("--out", before);
    expect(first.output).toContain("overhead: 1 KB requests");
    expect(JSON.parse(readFileSync(before, "utf8")).results[0].faults).toEqual([]);
    const second = bench("--compare", before);
    expect(second.output).toContain("Nothing got worse");
    expect(second.code).toBe(0);
  });

  test("fails with a table of what got worse when 2 ms are planted on the path", { timeout: runMs, retry: 1 }, () => {
    const planted = join(root, "tests", "support", "planted-sleep.js");
    const { code, output } = bench("--compare", before, "--import", planted);
    expect(output).toContain(`What got worse, against ${before}`);
    expect(output).toMatch(/\| overhead loom: floor × direct +\| +[\d.,]+ \| +[\d.,]+ \| +[\d.,]+ \|/);
    expect(code).toBe(1);
  });
});
