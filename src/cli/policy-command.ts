// `loom tenant policy`: what happens to a tenant's requests while nothing can be recorded.
import { type Command, InvalidArgumentError } from "commander";
import { setFailurePolicy } from "../administer/failure-policies.js";
import { findTenant } from "../administer/tenants.js";
import { type FailurePolicy, failurePolicies } from "../config/tenant.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson } from "./print-rows.js";
import { actorOf, type ProgramTools } from "./program-tools.js";

export function addPolicy(group: Command, tools: ProgramTools): void {
  const command = group
    .command("policy")
    .description(
      "refuse the tenant's requests while they cannot be recorded, or serve them and leave a gap in the ledger",
    )
    .argument("<name>", "the tenant")
    .argument("<policy>", "refuse or serve", parsePolicy)
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom tenant policy acme serve")
    .action(async (name: string, policy: FailurePolicy, options: ConfigOptions & { json?: true }) => {
      const changed = await tools.withDatabase(readFor(tools, options), async (db) =>
        setFailurePolicy(db, await findTenant(db, name), policy, actorOf(tools)),
      );
      if (options.json) printJson(tools, { tenant: name, policy, changed });
      else tools.write(`Unrecordable requests of ${name} are ${changed ? "now" : "already"} ${policy}d.\n`);
    });
}

function parsePolicy(text: string): FailurePolicy {
  const known = failurePolicies.find((policy) => policy === text);
  if (known === undefined) throw new InvalidArgumentError("It is refuse or serve.");
  return known;
}
