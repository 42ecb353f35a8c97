// `loom provider`: a tenant's own providers. The provider's key is sealed at once and never shown again.
import { type Command, InvalidArgumentError, Option } from "commander";
import { listProviders, setProvider } from "../administer/provider-configs.js";
import { findTenant } from "../administer/tenants.js";
import { type ProviderSettings, providerKinds } from "../config/config.js";
import { type ProviderEntry, providerName, providerSchema } from "../config/config-schema.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { printJson, printRows, showTime } from "./print-rows.js";
import { actorOf, type ProgramTools, UsageFault } from "./program-tools.js";
import { addProviderTest } from "./provider-test.js";

type Options = ConfigOptions & { json?: true };
type SetOptions = Options & {
  tenant: string;
  kind?: ProviderSettings["kind"];
  baseUrl?: string;
  apiKey?: string;
  apiKeyEnv?: string;
  apiKeyStdin?: true;
  apiVersion?: string;
  auth?: ProviderSettings["auth"];
  deployment?: Record<string, string>;
};

const examples = `
The settings are replaced as a whole; the sealed key stays when none is given and the base URL is the same.

Examples:
  $ loom provider set openai --tenant acme --api-key-stdin < key.txt
  $ loom provider set azure-openai --tenant acme --base-url https://acme.openai.azure.com \\
      --api-key-env AZURE_KEY --api-version 2024-10-21 --deployment gpt-4o=acme-4o
  $ loom provider set ollama --tenant acme --base-url http://127.0.0.1:11434/v1`;

export function addProviderCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("provider").description("set, list and test providers");
  addSet(group, tools);
  addList(group, tools);
  addProviderTest(group, tools);
}

function addSet(group: Command, tools: ProgramTools): void {
  const command = group
    .command("set")
    .description("make or replace a provider of a tenant")
    .argument("<name>", "the name used in provider/model")
    .requiredOption("--tenant <name>", "whose provider it is")
    .addOption(new Option("--kind <kind>", "the protocol; the name when that is a kind").choices(providerKinds))
    .option("--base-url <url>", "such as https://api.openai.com/v1")
    .addOption(new Option("--api-key-stdin", "read the key from standard input").conflicts(["apiKey", "apiKeyEnv"]))
    .addOption(new Option("--api-key-env <variable>", "read the key from a variable").conflicts("apiKey"))
    .option("--api-key <key>", "the key itself; other users of the machine may see it")
    .option("--api-version <version>", "Azure: a dated version, or v1")
    .addOption(new Option("--auth <way>", "how the key is sent").choices(["bearer", "api-key", "none"]))
    .option("--deployment <model=deployment...>", "Azure: the deployment of a model", addDeployment)
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", examples)
    .action(async (name: string, options: SetOptions) => {
      const entry = checkEntry(name, options, await readKey(tools, options));
      const set = await tools.withDatabase(readFor(tools, options), async (db, { sealCredential }) =>
        setProvider(db, await findTenant(db, options.tenant), { name, entry, seal: sealCredential }, actorOf(tools)),
      );
      if (options.json) printJson(tools, set);
      else tools.write(`Set ${set.name} (${set.kind}, ${set.baseUrl}) of ${set.tenant}; key: ${set.key}.\n`);
    });
}

function addList(group: Command, tools: ProgramTools): void {
  const command = group
    .command("list")
    .description("list the providers of tenants")
    .option("--tenant <name>", "of this tenant only")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom provider list --tenant acme")
    .action(async (options: Options & { tenant?: string }) => {
      const providers = await tools.withDatabase(readFor(tools, options), async (db) =>
        listProviders(db, options.tenant === undefined ? null : (await findTenant(db, options.tenant)).id),
      );
      if (options.json) {
        printJson(tools, providers);
        return;
      }
      printRows(tools, providers, {
        columns: {
          tenant: (row) => row.tenant,
          name: (row) => row.name,
          kind: (row) => row.kind,
          "base url": (row) => row.baseUrl,
          key: (row) => row.key,
          updated: (row) => showTime(row.updatedAt),
        },
        nothing: "No tenant has providers of its own; the operator's are used.",
      });
    });
}

async function readKey(tools: ProgramTools, options: SetOptions): Promise<string | undefined> {
  const { apiKey, apiKeyEnv, apiKeyStdin } = options;
  if (apiKeyStdin) return nonEmpty(await tools.readInput(), "Standard input holds no key.");
  if (apiKeyEnv !== undefined) return nonEmpty(tools.env[apiKeyEnv] ?? "", `The variable ${apiKeyEnv} is not set.`);
  return apiKey === undefined ? undefined : nonEmpty(apiKey, "--api-key is empty.");
}

function nonEmpty(text: string, fault: string): string {
  const key = text.trim();
  if (key === "") throw new UsageFault(fault);
  // It becomes a header; a line break in it would be a second one.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageFault("The key has spaces or characters that no header takes.");
  return key;
}

function checkEntry(name: string, options: SetOptions, apiKey: string | undefined): ProviderEntry {
  const { kind, baseUrl, apiVersion, auth, deployment: deployments } = options;
  const named = providerName.safeParse(name);
  if (!named.success) throw new UsageFault(`"${name}" does not fit. Give ${named.error.issues[0]?.message}`);
  if (auth === "none" && apiKey !== undefined) throw new UsageFault("--auth none sends no key; leave the key out.");
  const entry = providerSchema.safeParse({ kind, baseUrl, apiKey, apiVersion, auth, deployments });
  if (entry.success) return entry.data;
  const issue = entry.error.issues[0];
  const option = String(issue?.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageFault(`--${option} does not fit. Give ${issue?.message}`);
}

function addDeployment(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [model, deployment, ...rest] = text.split("=");
  if (!model || !deployment || rest.length > 0) throw new InvalidArgumentError("Write model=deployment.");
  return { ...before, [model]: deployment };
}
