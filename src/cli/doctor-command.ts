// `loom doctor`: what a gateway with this configuration needs, and whether it is there.
import type { Command } from "commander";
import type { Check } from "../doctor.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson } from "./print-rows.js";
import { EndWith, exitCodes, type ProgramTools } from "./program-tools.js";

type Options = ConfigOptions & { offline?: true; strict?: true; json?: true };

function lineOf({ name, state, detail, fix }: Check): string {
  const line = `${state.padEnd(7)} ${name.padEnd(16)} ${detail}`;
  return fix === "" ? `${line}\n` : `${line}\n${" ".repeat(25)}${fix}\n`;
}

export function addDoctorCommand(program: Command, tools: ProgramTools): void {
  const command = program
    .command("doctor")
    .description("look at everything that a gateway needs, and say what is wrong and how to mend it")
    .option("--offline", "call no provider")
    .option("--strict", "a warning is a failure too")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nExit codes: 0 nothing is wrong, 1 something is, 78 the configuration itself is.\n\nExample:\n  $ loom doctor --json | jq '.checks[] | select(.state != \"ok\")'",
    )
    .action(async (options: Options) => {
      const checks = await tools.examine(readFor(tools, options), { offline: options.offline === true });
      const bad = checks.filter(({ state }) => state === "fail" || (options.strict === true && state === "warn"));
      const good = checks.filter(({ state }) => state === "ok").length;
      if (options.json) printJson(tools, { healthy: bad.length === 0, checks });
      else tools.write(`${checks.map(lineOf).join("")}\ndoctor ${good}/${checks.length}\n`);
      if (bad.length > 0) throw new EndWith(exitCodes.failed);
    });
}
