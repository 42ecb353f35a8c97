// The options that say which configuration a command works with, and reading it.
import type { Command } from "commander";
import type { Config } from "../config/config.js";
import { type ConfigOverrides, readConfig } from "../config/read-config.js";
import type { ProgramTools } from "./program-tools.js";

export type ConfigOptions = { readonly config?: string; readonly home?: string };

export function addConfigOptions(command: Command): Command {
  return command
    .option("--config <file>", "the loom.yaml to read (LOOM_CONFIG; default: ./loom.yaml when it is there)")
    .option("--home <folder>", "the folder of Loom's own files (LOOM_HOME)");
}

/** @throws ConfigFaults */
export function readFor(tools: ProgramTools, options: ConfigOptions, more: ConfigOverrides = {}): Config {
  const { env, cwd, uid } = tools;
  return readConfig({ env, cwd, uid, overrides: { ...more, home: options.home, file: options.config } });
}
