// Tools for commands under test: what they print is collected, and what they would start is only noted.

import type { DeadRowWorker } from "../../../../src/administer/dead-traces.js";
import { runProgram } from "../../../../src/cli/program.js";
import type { ProgramTools } from "../../../../src/cli/program-tools.js";

export type Run = { readonly code: number; readonly out: string; readonly error: string };

export function makeTools(changes: Partial<ProgramTools> = {}): {
  tools: ProgramTools;
  run(...args: string[]): Promise<Run>;
} {
  let out = "";
  let error = "";
  const tools: ProgramTools = {
    version: "9.8.7",
    env: {},
    cwd: "/nowhere",
    uid: 1000,
    colours: { out: false, error: false },
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
    readInput: async () => "",
    start: async () => undefined,
    migrate: async () => ({ applied: [] }),
    withDatabase: async () => {
      throw new Error("This command does not need the database.");
    },
    forgetSnapshot: async () => undefined,
    isWatched: false,
    probeProviders: async () => [],
    examine: async () => [],
    callAudit: async () => {
      throw new Error("This command does not need the ledger.");
    },
    ...changes,
  };
  return {
    tools,
    run: async (...args) => {
      out = "";
      error = "";
      const code = await runProgram(tools, args);
      return { code, out, error };
    },
  };
}

/** For commands that leave what lies aside alone. */
export const noDeadRows: DeadRowWorker = {
  open: () => Promise.reject(new Error("no row is opened here")),
  retry: () => Promise.reject(new Error("no row is tried here")),
};

/** For commands that make no traces. */
export const noSeed = (): Promise<void> => Promise.reject(new Error("nothing is seeded here"));
