// `loom tenant`: make, list and erase tenants, and hold what is theirs.
import { type Command, InvalidArgumentError } from "commander";
import { type Erasure, eraseTenant } from "../administer/erase-tenant.js";
import { createTenant, listTenants } from "../administer/tenants.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { addHold } from "./hold-command.js";
import { addPolicy } from "./policy-command.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };

export function addTenantCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("tenant").description("make, list and erase tenants");

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
  addPolicy(group, tools);

  addConfigOptions(group.command("list").description("list tenants").option("--json", "print JSON"))
    .addHelpText("after", "\nExample:\n  $ loom tenant list --json")
    .action(async (options: Options) => {
      const tenants = await tools.withDatabase(readFor(tools, options), listTenants);
      if (options.json) {
        printJson(tools, tenants);
        return;
      }
      printRows(tools, tenants, {
        columns: {
          name: (row) => row.name,
          id: (row) => row.id,
          created: (row) => showTime(row.createdAt),
          erased: (row) => (row.erasedAt === null ? "" : showTime(row.erasedAt)),
        },
        nothing: "There are no tenants. Make one with `loom tenant create <name>`.",
      });
    });

  addErase(group, tools);
}

function addErase(group: Command, tools: ProgramTools): void {
  const command = group
    .command("erase")
    .description("destroy a tenant's salt: its bodies cannot be opened ever again")
    .argument("<name>")
    .option("--yes", "yes, for ever")
    .option("--wait <seconds>", "how long to wait for transactions that still see the salt", parseSeconds, 30)
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nRows, totals and the ledger stay. Backups of the database keep the salt: docs/keys.md says what to do about them.\n\nExample:\n  $ loom tenant erase acme --yes",
    )
    .action(async (name: string, options: Options & { yes?: true; wait: number }) => {
      if (!options.yes) {
        throw new UsageFault(`This makes every body of "${name}" unreadable for ever. Add --yes if that is meant.`);
      }
      const config = readFor(tools, options);
      const erasure = await tools.withDatabase(config, (db) =>
        eraseTenant(db, name, { by: actorOf(tools), waitMs: options.wait * 1000 }),
      );
      await tools.forgetSnapshot(config, erasure.erasedAt);
      if (options.json) printJson(tools, erasure);
      else printErasure(tools, erasure);
    });
}

function parseSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("Give a whole number of seconds.");
  return Number(text);
}

function printErasure(tools: ProgramTools, { tenant, keysRevoked, credentialsRemoved, again, remains }: Erasure): void {
  const done = again ? "was erased before" : "is erased: its bodies cannot be opened any more";
  tools.write(
    `Tenant ${tenant} ${done}. Keys revoked: ${keysRevoked}; provider keys removed: ${credentialsRemoved}.\n`,
  );
  for (const sentence of remains) tools.writeError(`Left: ${sentence}\n`);
  if (remains.length > 0) tools.writeError("Then run the command again.\n");
}
