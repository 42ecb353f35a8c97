// `loom config`: check and show the configuration without starting anything.
import type { Command } from "commander";
import { ConfigFaults } from "../config/config-faults.js";
import { configJsonSchema } from "../config/config-json-schema.js";
import { printConfig } from "../config/print-config.js";
import { providerOf } from "../providers/provider-table.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson } from "./print-rows.js";
import type { ProgramTools } from "./program-tools.js";

type Options = ConfigOptions & { json?: true };

export function addConfigCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("config").description("check and show the configuration");
  addCheck(group, tools);

  addConfigOptions(
    group.command("print").description("print what is in effect, without secrets").option("--json", "print JSON"),
  )
    .addHelpText("after", "\nExample:\n  $ PORT=9000 loom config print")
    .action((options: Options) => {
      tools.write(`${printConfig(readFor(tools, options), options.json ? "json" : "yaml")}\n`);
    });

  group
    .command("schema")
    .description("print the JSON schema of loom.yaml")
    .addHelpText("after", "\nExample:\n  $ loom config schema > loom.schema.json")
    .action(() => printJson(tools, configJsonSchema()));
}

function addCheck(group: Command, tools: ProgramTools): void {
  const command = group
    .command("check")
    .description("report every fault at once; exit code 78")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom config check --config /etc/loom/loom.yaml")
    .action((options: Options) => {
      try {
        const { file, providers } = readFor(tools, options);
        const lacks = providers.flatMap((provider) => {
          const lack = providerOf(provider.kind).lacks(provider);
          return lack === null ? [] : [{ provider: provider.name, lack }];
        });
        if (options.json) printJson(tools, { faults: [], file, lacks });
        else {
          tools.write(`The configuration is good (${file ?? "no loom.yaml; environment and defaults"}).\n`);
          for (const { provider, lack } of lacks) tools.write(`  ${provider} cannot be called yet: ${lack}\n`);
        }
      } catch (error) {
        if (options.json && error instanceof ConfigFaults) printJson(tools, { faults: error.faults });
        throw error;
      }
    });
}
