// `loom route`: a tenant's aliases for models.
import type { Command } from "commander";
import { listRoutes, setRoute } from "../administer/model-routes.js";
import { findTenant } from "../administer/tenants.js";
import { targetForm } from "../config/config-schema.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };

export function addRouteCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("route").description("set and list a tenant's model aliases");
  addSet(group, tools);
  addList(group, tools);
}

function addSet(group: Command, tools: ProgramTools): void {
  const command = group
    .command("set")
    .description("make or replace an alias")
    .argument("<alias>", "the model name that clients ask for")
    .argument("<targets...>", "provider/model, in the order in which they are tried")
    .requiredOption("--tenant <name>", "whose alias it is")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom route set fast openai/gpt-4o-mini groq/llama-3.1-8b --tenant acme")
    .action(async (model: string, targets: string[], options: Options & { tenant: string }) => {
      if (!/^\S{1,256}$/.test(model)) throw new UsageFault("An alias has no spaces and at most 256 characters.");
      const wrong = targets.find((target) => !targetForm.test(target));
      if (wrong !== undefined) throw new UsageFault(`"${wrong}" is no target. Write provider/model.`);
      const { tenant } = options;
      await tools.withDatabase(readFor(tools, options), async (db) =>
        setRoute(db, { tenantId: (await findTenant(db, tenant)).id, model, targets }, actorOf(tools)),
      );
      if (options.json) printJson(tools, { tenant, model, targets });
      else tools.write(`Set ${model} of ${tenant}: ${targets.join(", then ")}.\n`);
    });
}

function addList(group: Command, tools: ProgramTools): void {
  const command = group
    .command("list")
    .description("list aliases")
    .option("--tenant <name>", "of this tenant only")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom route list --json")
    .action(async (options: Options & { tenant?: string }) => {
      const routes = await tools.withDatabase(readFor(tools, options), async (db) =>
        listRoutes(db, options.tenant === undefined ? null : (await findTenant(db, options.tenant)).id),
      );
      if (options.json) {
        printJson(tools, routes);
        return;
      }
      printRows(tools, routes, {
        columns: {
          tenant: (row) => row.tenant,
          alias: (row) => row.model,
          targets: (row) => row.targets.join(", "),
          updated: (row) => showTime(row.updatedAt),
        },
        nothing: "There are no aliases. Make one with `loom route set`.",
      });
    });
}
