// `loom tenant`: make and list tenants, and hold what is theirs.
import type { Command } from "commander";
import { createTenant, listTenants } from "../administer/tenants.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { addHold } from "./hold-command.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };

export function addTenantCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("tenant").description("make and list tenants");

  addConfigOptions(
    group.command("create").description("make a tenant").argument("<name>").option("--json", "print JSON"),
  )
    .addHelpText("after", "\nExample:\n  $ loom tenant create acme && loom key create --tenant acme")
    .action(async (name: string, options: Options) => {
      const tenant = await tools.withDatabase(readFor(tools, options), (db) => createTenant(db, name, actorOf(tools)));
      if (options.json) printJson(tools, tenant);
      else tools.write(`Made tenant ${tenant.name} (${tenant.id}).\n`);
    });

  addHold(group, tools);

  addConfigOptions(group.command("list").description("list tenants").option("--json", "print JSON"))
    .addHelpText("after", "\nExample:\n  $ loom tenant list --json")
    .action(async (options: Options) => {
      const tenants = await tools.withDatabase(readFor(tools, options), listTenants);
      if (options.json) {
        printJson(tools, tenants);
        return;
      }
      printRows(tools, tenants, {
        columns: { name: (row) => row.name, id: (row) => row.id, created: (row) => showTime(row.createdAt) },
        nothing: "There are no tenants. Make one with `loom tenant create <name>`.",
      });
    });
}
