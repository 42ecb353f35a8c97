// Reads the environment into a tree of the same shape as loom.yaml, so that one schema checks both.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ConfigFault } from "./config-faults.js";
import { environmentNames } from "./environment-names.js";
import type { SettingsPath, SettingsTree } from "./read-loom-yaml.js";

type Environment = Readonly<Record<string, string | undefined>>;

export type EnvironmentSettings = {
  readonly tree: SettingsTree;
  /** The name of the variable that gave a setting, or null. */
  readonly origin: (path: SettingsPath) => string | null;
  readonly faults: readonly ConfigFault[];
};

/** Takes every known name that is set and not empty. Relative `_FILE` paths start at `cwd`. */
export function readEnvironment(env: Environment, cwd: string): EnvironmentSettings {
  const faults: ConfigFault[] = [];
  const tree: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  for (const [name, { path, secret }] of Object.entries(environmentNames)) {
    const plain = env[name]?.trim() || undefined;
    const file = secret === true ? env[`${name}_FILE`]?.trim() || undefined : undefined;
    if (plain !== undefined && file !== undefined) {
      const fix = `Unset ${name} or ${name}_FILE.`;
      faults.push({ where: name, message: `${name} and ${name}_FILE are both set.`, fix });
      continue;
    }
    const value = file === undefined ? plain : readSecretFile(`${name}_FILE`, resolve(cwd, file), faults);
    if (value === undefined) continue;
    place(tree, path, value);
    origins.set(path.join("."), file === undefined ? name : `${name}_FILE`);
  }
  return { tree, origin: (path) => origins.get(path.map(String).join(".")) ?? null, faults };
}

function readSecretFile(name: string, path: string, faults: ConfigFault[]): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    const fix = "Check the path and its rights, or unset it.";
    faults.push({ where: name, message: `${path} cannot be read (${reason}).`, fix });
    return undefined;
  }
}

function place(tree: Record<string, unknown>, path: readonly string[], value: string): void {
  let node = tree;
  for (const part of path.slice(0, -1)) {
    const next = (node[part] ?? {}) as Record<string, unknown>;
    node[part] = next;
    node = next;
  }
  node[path.at(-1) ?? ""] = value;
}
