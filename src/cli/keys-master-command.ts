// `loom keys-master`: the master keys from which every other key is derived. Their bytes are never printed.
import type { Command } from "commander";
import { recordAuditEvent } from "../administer/audit-events.js";
import { Refusal } from "../administer/refusal.js";
import { rotateMasterKeys } from "../administer/rotate-keys.js";
import { splitKeys } from "../keys/key-text.js";
import { masterKeySource } from "../keys/master-key-source.js";
import { wrapLocalKeys } from "../keys/wrapped-keys.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson, printRows } from "./print-rows.js";
import { actorOf, type ProgramTools } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };

export function addKeysMasterCommand(program: Command, tools: ProgramTools): void {
  const group = program
    .command("keys-master")
    .alias("master-keys")
    .description("list and rotate the keys that everything is sealed under");
  addList(group, tools);
  addRotate(group, tools);
  addWrap(group, tools);
}

function addList(group: Command, tools: ProgramTools): void {
  const command = group.command("list").description("list the versions, newest first").option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom keys-master list")
    .action(async (options: Options) => {
      const source = masterKeySource(readFor(tools, options));
      const entries = splitKeys((await source.read()).keys.reveal());
      const versions = entries.map(({ version }, index) => ({
        version,
        use: index === 0 ? "seals and opens" : "opens",
        from: source.description,
      }));
      if (options.json) {
        printJson(tools, versions);
        return;
      }
      printRows(tools, versions, {
        columns: { version: (row) => String(row.version), use: (row) => row.use, from: (row) => row.from },
        nothing: "There are no master keys.",
      });
    });
}

function addRotate(group: Command, tools: ProgramTools): void {
  const command = group
    .command("rotate")
    .description("make a new version, and seal the provider keys under it; running gateways take it")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nBodies stay under the version that their row names: keep the old versions. Copy the file to a safe place afterwards.\n\nExample:\n  $ loom keys-master rotate",
    )
    .action(async (options: Options) => {
      const config = readFor(tools, options);
      const source = masterKeySource(config);
      const rotation = await tools.withDatabase(config, (db, { resealCredential }) =>
        rotateMasterKeys(db, { add: () => source.add(), reseal: resealCredential }, actorOf(tools)),
      );
      if (options.json) {
        printJson(tools, rotation);
        return;
      }
      const { version, resealed, unopened } = rotation;
      tools.write(`Version ${version} of the master key is in ${source.description}; copy it to a safe place.\n`);
      tools.write(`Provider keys sealed under it: ${resealed}.\n`);
      if (unopened.length > 0) tools.writeError(`No master key opens the provider keys of ${unopened.join(", ")}.\n`);
    });
}

function addWrap(group: Command, tools: ProgramTools): void {
  const command = group
    .command("wrap")
    .description("have the configured Vault wrap the key file of the home")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ LOOM_KEYS_SOURCE=vault loom keys-master wrap")
    .action(async (options: Options) => {
      const config = readFor(tools, options);
      if (config.keys.source !== "vault") {
        throw new Refusal("There is no Vault to wrap the keys.", "Set keys.source to vault, and keys.vault.");
      }
      const { vault } = config.keys;
      const wrapped = await wrapLocalKeys(config.home, vault);
      await tools.withDatabase(config, (db) =>
        recordAuditEvent(db, {
          ...actorOf(tools),
          action: "master-keys.wrap",
          tenantId: null,
          subject: `${vault.mount}/${vault.key}`,
          details: { address: vault.address },
        }),
      );
      if (options.json) printJson(tools, wrapped);
      else {
        tools.write(`Wrapped the master keys into ${wrapped.file}, and unwrapped them again to be sure.\n`);
        tools.write(`${wrapped.plain} still holds them in the clear: move it off this machine, or delete it.\n`);
      }
    });
}
