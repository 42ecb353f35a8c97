// `loom start` and `loom migrate`: the two commands that a deployment runs.
import { type Command, InvalidArgumentError } from "commander";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson } from "./print-rows.js";
import type { ProgramTools } from "./program-tools.js";

export function addStartCommand(program: Command, tools: ProgramTools): void {
  const command = program
    .command("start")
    .description("start the gateway")
    .option("--port <number>", "the port to listen on; 0 takes any (PORT)", parsePort)
    .option("--host <address>", "the address to listen on (HOST)");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ loom start\n  $ loom start --host 0.0.0.0 --port 80\n  $ PORT=9000 loom start",
    )
    .action(async (options: ConfigOptions & { port?: number; host?: string }) => {
      await tools.start(readFor(tools, options, { port: options.port, host: options.host }));
    });
}

export function addMigrateCommand(program: Command, tools: ProgramTools): void {
  const command = program
    .command("migrate")
    .description("bring the database to the schema of this version")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ DATABASE_URL=postgres://loom@db/loom loom migrate")
    .action(async (options: ConfigOptions & { json?: true }) => {
      const { applied } = await tools.migrate(readFor(tools, options));
      if (options.json) printJson(tools, { applied });
      else tools.write(applied.length === 0 ? "Nothing to migrate.\n" : `Applied ${applied.join(", ")}.\n`);
    });
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return Number(text);
}
