// `loom key`: make, list and revoke client keys. A key is printed once, when it is made.
import { type Command, Option } from "commander";
import { createKey, listKeys, revokeKey } from "../administer/keys.js";
import { findLivingTenant, findTenant } from "../administer/tenants.js";
import { type DisconnectPolicy, disconnectPolicies } from "../config/tenant.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { parseExpiry } from "./expiry.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };
type CreateOptions = Options & {
  tenant: string;
  name: string;
  scopes?: string;
  expires?: string;
  onDisconnect?: DisconnectPolicy;
};

export function addKeyCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("key").description("make, list and revoke client keys");
  addCreate(group, tools);
  addList(group, tools);
  addRevoke(group, tools);
}

function addCreate(group: Command, tools: ProgramTools): void {
  const command = group
    .command("create")
    .description("make a key; it is shown only this once")
    .requiredOption("--tenant <name>", "whose key it is")
    .option("--name <text>", "what it is for", "")
    .option("--scopes <list>", "further rights, separated by commas, such as bodies:read")
    .option("--expires <time>", "90d, 12h, or a date such as 2027-01-31; never when left out")
    .addOption(
      new Option("--on-disconnect <policy>", "when its client leaves before the end: stop the provider, or read on")
        .choices(disconnectPolicies)
        .default("cancel"),
    )
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ loom key create --tenant acme --name ci --expires 90d\n  $ loom key create --tenant acme --json | jq -r .key",
    )
    .action(async (options: CreateOptions) => {
      const expiresAt = options.expires === undefined ? null : parseExpiry(options.expires, new Date());
      const scopes = parseScopes(options.scopes ?? "");
      const { tenant, name, onDisconnect = "cancel" } = options;
      const made = await tools.withDatabase(readFor(tools, options), async (db) => {
        const found = await findLivingTenant(db, tenant);
        return createKey(db, { tenantId: found.id, name, scopes, expiresAt, onDisconnect }, actorOf(tools));
      });
      if (options.json) {
        printJson(tools, { ...made, tenant, name, scopes, expiresAt, onDisconnect });
        return;
      }
      tools.write(`${made.key}\n`);
      tools.writeError("Keep it now: it is not stored and cannot be shown again.\n");
    });
}

function addList(group: Command, tools: ProgramTools): void {
  const command = group
    .command("list")
    .description("list keys by their prefixes")
    .option("--tenant <name>", "of this tenant only")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom key list --tenant acme")
    .action(async (options: Options & { tenant?: string }) => {
      const keys = await tools.withDatabase(readFor(tools, options), async (db) =>
        listKeys(db, options.tenant === undefined ? null : (await findTenant(db, options.tenant)).id),
      );
      if (options.json) {
        printJson(tools, keys);
        return;
      }
      printRows(tools, keys, {
        columns: {
          prefix: (row) => row.prefix,
          tenant: (row) => row.tenant,
          name: (row) => row.name || null,
          state: (row) => row.state,
          scopes: (row) => row.scopes.join(",") || null,
          leaves: (row) => row.onDisconnect,
          expires: (row) => showTime(row.expiresAt),
          created: (row) => showTime(row.createdAt),
        },
        nothing: "There are no keys. Make one with `loom key create --tenant <name>`.",
      });
    });
}

function addRevoke(group: Command, tools: ProgramTools): void {
  const command = group
    .command("revoke")
    .description("end a key at once, in every running gateway")
    .argument("<key>", "its prefix (sk-loom-...) or its id")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom key revoke sk-loom-4fKq82LmZx")
    .action(async (key: string, options: Options) => {
      const { prefix, again } = await tools.withDatabase(readFor(tools, options), (db) =>
        revokeKey(db, key, actorOf(tools)),
      );
      if (options.json) printJson(tools, { prefix, state: "revoked", revokedBefore: again });
      else tools.write(again ? `${prefix} was revoked before.\n` : `Revoked ${prefix}.\n`);
    });
}

function parseScopes(text: string): string[] {
  const scopes = text.split(",").flatMap((scope) => scope.trim() || []);
  const wrong = scopes.find((scope) => !/^[a-z]+(:[a-z]+)?$/.test(scope));
  if (wrong !== undefined)
    throw new UsageFault(`--scopes does not understand "${wrong}". Write bodies:read, for instance.`);
  return [...new Set(scopes)];
}
