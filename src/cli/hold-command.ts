// `loom tenant hold`: places and lifts the legal hold of a tenant.
import { type Command, InvalidArgumentError } from "commander";
import { type HoldState, setHold } from "../administer/legal-holds.js";
import { findTenant } from "../administer/tenants.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson } from "./print-rows.js";
import { actorOf, type ProgramTools } from "./program-tools.js";

export function addHold(group: Command, tools: ProgramTools): void {
  const command = group
    .command("hold")
    .description("keep a tenant's traces whatever the retention says, or end that")
    .argument("<name>", "the tenant")
    .argument("<state>", "on or off", parseState)
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom tenant hold acme on")
    .action(async (name: string, state: HoldState, options: ConfigOptions & { json?: true }) => {
      const changed = await tools.withDatabase(readFor(tools, options), async (db) =>
        setHold(db, await findTenant(db, name), state, actorOf(tools)),
      );
      if (options.json) printJson(tools, { tenant: name, hold: state, changed });
      else tools.write(`${name} is ${changed ? "now" : "already"} ${state === "on" ? "on" : "off"} legal hold.\n`);
    });
}

function parseState(text: string): HoldState {
  if (text === "on" || text === "off") return text;
  throw new InvalidArgumentError("It is on or off.");
}
