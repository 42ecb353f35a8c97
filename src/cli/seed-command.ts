// `loom seed`: fills the database with made-up traces through the real write path, to measure and to look at.
import type { Command } from "commander";
import { makeSeedPartitions, prepareSeedTenants, settleSeeded } from "../administer/seed-tenants.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";

type Options = ConfigOptions & { rows: string; days: string; tenants: string; seed: string; json?: true };

const progressEveryMs = 2000;

export function addSeedCommand(program: Command, tools: ProgramTools): void {
  const command = program
    .command("seed")
    .description("add made-up traces of made-up tenants, sealed and in the ledger, for measurements and demonstrations")
    .option("--rows <number>", "how many traces", "10000")
    .option("--days <number>", "over how many days up to now", "30")
    .option("--tenants <number>", "of how many tenants, seed-01 and on; the first has the most", "3")
    .option("--seed <number>", "the same number makes the same traces", "1")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom seed --rows 100000 --days 90 --tenants 5 --home /tmp/loom-seed")
    .action(async (options: Options) => {
      const rows = wholeOf("--rows", options.rows, 100_000_000);
      const days = wholeOf("--days", options.days, 3660);
      const count = wholeOf("--tenants", options.tenants, 99);
      const seed = wholeOf("--seed", options.seed, 0xffff_ffff);
      const startedAt = performance.now();
      const progress = new SharedArrayBuffer(4);
      const made = await tools.withDatabase(readFor(tools, options), async (db, { seedTraces }) => {
        const by = actorOf(tools);
        const endMs = Date.now();
        const prepared = await prepareSeedTenants(db, count, by);
        await makeSeedPartitions(db, days, endMs);
        const watch = watchProgress(tools, progress, rows);
        try {
          await seedTraces({ tenants: prepared.tenants, rows, days, seed, endMs, progress });
        } finally {
          watch.stop();
        }
        await settleSeeded(db, by, { rows, days, tenants: count, seed });
        return prepared;
      });
      const seconds = (performance.now() - startedAt) / 1000;
      if (options.json)
        printJson(tools, { rows, days, tenants: count, seed, seconds, tenant: made.name, key: made.key });
      else tools.write(`Made ${rows} traces in ${seconds.toFixed(1)} s. A key of ${made.name}:\n${made.key}\n`);
    });
}

function wholeOf(option: string, text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new UsageFault(`${option} takes a whole number from 1 to ${max}, not "${text}".`);
  return value;
}

function watchProgress(tools: ProgramTools, progress: SharedArrayBuffer, rows: number): { stop(): void } {
  const made = new Int32Array(progress);
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const rate = (made[0] ?? 0) / ((performance.now() - startedAt) / 1000);
    tools.writeError(`${made[0]} of ${rows} rows, ${rate.toFixed(0)}/s\n`);
  }, progressEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}
