// `loom retention`: what the retention keeps, holds and would drop, and a run of it now instead of by the clock.
import type { Command } from "commander";
import { listHolds } from "../administer/legal-holds.js";
import { cutoffOf, listPartitions, runRetention, standingOf } from "../administer/retention.js";
import type { Config } from "../config/config.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";

type Options = ConfigOptions & { days?: string; json?: true };

export function addRetentionCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("retention").description("what is dropped because it is old enough");
  addStatus(group, tools);
  addRun(group, tools);
}

function addStatus(group: Command, tools: ProgramTools): void {
  const command = group
    .command("status")
    .description("list the partitions of the traces, and what the next run would drop")
    .option("--days <number>", "as if retention.days were this")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom retention status --days 90")
    .action(async (options: Options) => {
      const config = readFor(tools, options);
      const days = daysOf(options, config);
      const cutoff = days === null ? null : cutoffOf(days, new Date());
      const [partitions, holds] = await tools.withDatabase(config, (db) =>
        Promise.all([listPartitions(db), listHolds(db)]),
      );
      const rows = partitions.map((partition) => ({ ...partition, standing: standingOf(partition, cutoff) }));
      if (options.json) {
        printJson(tools, { days, cutoff, holds, partitions: rows });
        return;
      }
      tools.write(days === null ? "Traces are kept for ever.\n" : `Traces are kept for ${days} days at least.\n`);
      for (const { tenant, placedAt, placedBy } of holds)
        tools.write(`${tenant} is on legal hold since ${showTime(placedAt)}, by ${placedBy}.\n`);
      printRows(tools, rows, {
        columns: {
          partition: (row) => row.name,
          from: (row) => showTime(row.from),
          to: (row) => showTime(row.to),
          MiB: (row) => (row.bytes / 1024 / 1024).toFixed(1),
          standing: (row) => row.standing,
          "held by": (row) => row.heldBy.join(", ") || null,
        },
        nothing: "There are no partitions.",
      });
    });
}

function addRun(group: Command, tools: ProgramTools): void {
  const command = group
    .command("run")
    .description("drop the partitions that have expired")
    .option("--days <number>", "instead of retention.days")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExamples:\n  $ loom retention run\n  $ loom retention run --days 365")
    .action(async (options: Options) => {
      const config = readFor(tools, options);
      const days = daysOf(options, config);
      if (days === null) throw new UsageFault("There is no retention: set retention.days, or add --days <number>.");
      const by = actorOf(tools);
      const done = await tools.withDatabase(config, (db) => runRetention(db, { days, now: new Date(), by }));
      if (options.json) {
        printJson(tools, { days, ...done });
        return;
      }
      for (const { name, rows } of done.dropped) tools.write(`Dropped ${name} with ${rows} rows.\n`);
      for (const { name, heldBy } of done.held) tools.write(`Kept ${name}: ${heldBy.join(", ")} on legal hold.\n`);
      if (done.deadRows > 0) tools.write(`Deleted ${done.deadRows} rows that were set aside.\n`);
      if (done.state === "busy") tools.write("Another process is at it.\n");
      else if (done.dropped.length === 0 && done.deadRows === 0) tools.write("Nothing has expired.\n");
    });
}

/** null: for ever. */
function daysOf({ days }: Options, config: Config): number | null {
  if (days === undefined) return config.retentionDays;
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageFault("--days takes a whole number from 1 to 99999.");
  return Number(days);
}
