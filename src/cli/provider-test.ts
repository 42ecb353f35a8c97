// `loom provider test`: calls providers with the keys that the gateway would use.
import type { Command } from "commander";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson, printRows } from "./print-rows.js";
import { EndWith, exitCodes, type ProgramTools } from "./program-tools.js";

type Options = ConfigOptions & { tenant?: string; model?: string; json?: true };

export function addProviderTest(group: Command, tools: ProgramTools): void {
  const command = group
    .command("test")
    .description("call a provider, or all of them, and say whether they answer")
    .argument("[name]", "the name used in provider/model; all when left out")
    .option("--tenant <name>", "a tenant's own providers instead of those of the configuration")
    .option("--model <model>", "ask this model for one token, instead of asking for the list of models")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText(
      "after",
      "\nExit codes: 0 all answer, 1 one does not.\n\nExamples:\n  $ loom provider test\n  $ loom provider test azure-openai --tenant acme --model gpt-4o",
    )
    .action(async (name: string | undefined, options: Options) => {
      const asked = { name: name ?? null, tenant: options.tenant ?? null, model: options.model ?? null };
      const probes = await tools.probeProviders(readFor(tools, options), asked);
      if (options.json) printJson(tools, probes);
      else {
        printRows(tools, probes, {
          columns: {
            name: (row) => row.name,
            kind: (row) => row.kind,
            "base url": (row) => row.baseUrl,
            state: (row) => row.state,
            ms: (row) => String(row.latencyMs),
            detail: (row) => row.detail,
          },
          nothing: "There are no providers to test.",
        });
      }
      if (probes.some(({ state }) => state === "failed")) throw new EndWith(exitCodes.failed);
    });
}
