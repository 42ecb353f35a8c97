// `loom dead`: rows that Postgres refused. They lie aside sealed, in nobody's way, until somebody looks.
import type { Command } from "commander";
import { listDeadTraces, retryDeadTrace, showDeadTrace } from "../administer/dead-traces.js";
import { findTenant } from "../administer/tenants.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };

export function addDeadCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("dead").description("rows that could not be recorded as they were");
  addList(group, tools);
  addShow(group, tools);
  addRetry(group, tools);
}

function addList(group: Command, tools: ProgramTools): void {
  const command = group
    .command("list")
    .description("list them, with what Postgres said")
    .option("--tenant <name>", "of this tenant only")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom dead list --tenant acme")
    .action(async (options: Options & { tenant?: string }) => {
      const rows = await tools.withDatabase(readFor(tools, options), async (db) =>
        listDeadTraces(db, options.tenant === undefined ? null : (await findTenant(db, options.tenant)).id),
      );
      if (options.json) {
        printJson(tools, rows);
        return;
      }
      printRows(tools, rows, {
        columns: {
          id: (row) => row.id,
          tenant: (row) => row.tenant,
          created: (row) => showTime(row.createdAt),
          "set aside": (row) => showTime(row.setAsideAt),
          sqlstate: (row) => row.sqlState,
          reason: (row) => row.reason,
        },
        nothing: "No row lies aside.",
      });
    });
}

function addShow(group: Command, tools: ProgramTools): void {
  const command = group
    .command("show")
    .description("open one and print what it says, bodies apart, as JSON; leaves an audit event")
    .argument("<id>", "its id, from `loom dead list`");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom dead show 0197a0de-0000-7000-8000-00000000000a")
    .action(async (id: string, options: ConfigOptions) => {
      const by = actorOf(tools);
      const found = await tools.withDatabase(readFor(tools, options), (db, { deadRows }) =>
        showDeadTrace(db, id, { worker: deadRows, by }),
      );
      printJson(tools, found);
    });
}

function addRetry(group: Command, tools: ProgramTools): void {
  const command = group
    .command("retry")
    .description("record one after all, now that what stood against it is gone")
    .argument("[id]", "its id, from `loom dead list`")
    .option("--all", "every one that lies aside")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ loom dead retry 0197a0de-0000-7000-8000-00000000000a\n  $ loom dead retry --all",
    )
    .action(async (id: string | undefined, options: Options & { all?: true }) => {
      if ((id === undefined) === (options.all === undefined)) throw new UsageFault("Give one id, or --all.");
      const by = actorOf(tools);
      const results = await tools.withDatabase(readFor(tools, options), async (db, { deadRows }) => {
        const ids = id === undefined ? (await listDeadTraces(db, null)).map((row) => row.id) : [id];
        const done: { id: string; result: string }[] = [];
        for (const one of ids) {
          // One that is refused again must not keep the others out.
          const failed = (error: unknown) => {
            if (id !== undefined || !(error instanceof Error)) throw error;
            return `refused: ${error.message}`;
          };
          const result = await retryDeadTrace(db, one, { worker: deadRows, by }).catch(failed);
          done.push({ id: one, result });
        }
        return done;
      });
      if (options.json) {
        printJson(tools, results);
        return;
      }
      for (const { id: one, result } of results) tools.write(`${one}: ${result}\n`);
      if (results.length === 0) tools.write("No row lies aside.\n");
    });
}
