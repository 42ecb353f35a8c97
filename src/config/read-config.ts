// From the environment, loom.yaml and the command line to the one frozen Config, or to one error naming every fault.
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { checkSettings, withoutFaulty } from "./check-settings.js";
import { composeConfig } from "./compose-config.js";
import type { Config } from "./config.js";
import { type ConfigFault, ConfigFaults } from "./config-faults.js";
import { fileSchema } from "./config-schema.js";
import { configFileName, findUnknownNames } from "./environment-names.js";
import { readEnvironment } from "./read-environment.js";
import { readLoomYaml, type SettingsPath, type SettingsTree } from "./read-loom-yaml.js";

/** What the command line says; it wins over the environment. */
export type ConfigOverrides = {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly home?: string | undefined;
  /** The path of loom.yaml. */
  readonly file?: string | undefined;
};

export type ConfigSources = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** null where the system has no user numbers. */
  readonly uid: number | null;
  readonly cores?: number;
  readonly overrides?: ConfigOverrides;
};

/**
 * Reads the configuration: command line over environment over loom.yaml over defaults; the result is deeply frozen.
 * @throws ConfigFaults with every fault that was found, each with its fix.
 */
export function readConfig({ env, cwd, uid, cores = availableParallelism(), overrides = {} }: ConfigSources): Config {
  const file = findFile(env, cwd, overrides.file);
  const yaml = file === null ? null : readLoomYaml(file, env);
  const environment = readEnvironment(env, cwd);
  const commandLine = commandLineTree(overrides);
  const fileTree = yaml === null || file === null ? {} : homeBesideFile(yaml.tree, file);
  const faults: ConfigFault[] = [
    ...(yaml === null ? [] : [...yaml.faults, ...checkSettings(yaml.tree, yaml.locate)].sort(byLine)),
    ...findUnknownNames(env),
    ...environment.faults,
    ...checkSettings(environment.tree, (path) => environment.origin(path) ?? path.map(String).join(".")),
    ...checkSettings(commandLine, (path) => `--${String(path.at(-1))}`),
  ];
  const merged = fileSchema.safeParse(withoutFaulty(merge(merge(fileTree, environment.tree), commandLine)));
  if (merged.success) {
    const locate = (path: SettingsPath) => environment.origin(path) ?? yaml?.locate(path) ?? path.map(String).join(".");
    const written = Object.keys(yaml?.tree["providers"] ?? {});
    const keysName = environment.origin(["masterKeys"]);
    const keysPath = keysName === "LOOM_MASTER_KEYS_FILE" ? env[keysName]?.trim() : undefined;
    const masterKeysFile = keysPath === undefined ? null : resolve(cwd, keysPath);
    const config = composeConfig(merged.data, { file, cwd, uid, cores, masterKeysFile, locate, written }, faults);
    if (faults.length === 0) return config;
  }
  throw new ConfigFaults(faults);
}

function byLine(one: ConfigFault, other: ConfigFault): number {
  const line = ({ where }: ConfigFault) => Number(/:(\d+)/.exec(where)?.[1] ?? 0);
  return line(one) - line(other);
}

function findFile(env: ConfigSources["env"], cwd: string, override: string | undefined): string | null {
  const named = override ?? (env[configFileName]?.trim() || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const beside = join(cwd, "loom.yaml");
  return existsSync(beside) ? beside : null;
}

function commandLineTree({ host, port, home }: ConfigOverrides): SettingsTree {
  const listen = { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
  return { ...(Object.keys(listen).length === 0 ? {} : { listen }), ...(home === undefined ? {} : { home }) };
}

/** A relative home in a file starts at the file's folder; one in the environment at the working directory. */
function homeBesideFile(tree: SettingsTree, file: string): SettingsTree {
  const home = tree["home"];
  return typeof home === "string" ? { ...tree, home: resolve(dirname(file), home) } : tree;
}

function merge(below: SettingsTree, above: SettingsTree): SettingsTree {
  const merged: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const under = merged[name];
    merged[name] = isTree(value) && isTree(under) ? merge(under, value) : value;
  }
  return merged;
}

function isTree(value: unknown): value is SettingsTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
