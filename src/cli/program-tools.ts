// What the commands are given: everything with an effect comes from main, so that nothing runs at import.
import { hostname } from "node:os";
import type { Actor } from "../administer/audit-events.js";
import type { Database } from "../administer/database.js";
import type { DeadRowWorker } from "../administer/dead-traces.js";
import type { SealCredential } from "../administer/provider-configs.js";
import type { ResealCredential } from "../administer/rotate-keys.js";
import type { SeedTraces } from "../administer/seed-tenants.js";
import type { Config } from "../config/config.js";
import type { Check } from "../doctor.js";
import type { ProbeRequest, ProviderProbe } from "../probe-providers.js";

/** Opens the database of the configuration, migrated; the embedded server is started for the time when it is down. */
export type WithDatabase = <Answer>(
  config: Config,
  work: (
    db: Database,
    tools: {
      readonly sealCredential: SealCredential;
      readonly resealCredential: ResealCredential;
      readonly deadRows: DeadRowWorker;
      readonly seedTraces: SeedTraces;
    },
  ) => Promise<Answer>,
) => Promise<Answer>;

export type ProgramTools = {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number | null;
  /** Whether standard output and standard error take colours (a terminal, and no NO_COLOR). */
  readonly colours: { readonly out: boolean; readonly error: boolean };
  /** Whether a person watches standard error. */
  readonly isWatched: boolean;
  write(text: string): void;
  writeError(text: string): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** Runs the gateway; resolves when it has stopped. */
  start(config: Config): Promise<void>;
  /** Brings the database to the schema of this build; the names of the migrations applied now. */
  migrate(config: Config): Promise<{ readonly applied: readonly string[] }>;
  readonly withDatabase: WithDatabase;
  /**
   * Runs a function of workers/audit.ts on the database of the configuration, or on none. A given database is not
   * migrated: only reading is needed. The embedded one is started for the time when it is down.
   */
  callAudit<Answer>(config: Config | null, name: string, input: object): Promise<Answer>;
  /** Calls providers with their own keys: those of the configuration, or a tenant's own. */
  probeProviders(config: Config, asked: ProbeRequest): Promise<readonly ProviderProbe[]>;
  /** Looks at everything that a gateway with this configuration needs. */
  examine(config: Config, asked: { readonly offline: boolean }): Promise<readonly Check[]>;
  /** Sees to it that no snapshot of keys in the home knows the tenants that were just erased. */
  forgetSnapshot(config: Config, erasedAt: Date): Promise<void>;
};

/** Who is at the command line, as far as the system tells. */
export function actorOf({ env, uid }: Pick<ProgramTools, "env" | "uid">): Actor {
  const user = env["SUDO_USER"] ?? env["USER"] ?? env["LOGNAME"] ?? (uid === null ? "unknown" : `uid ${uid}`);
  return { actor: `cli:${user}`, origin: hostname() };
}

/** Thrown for a command that makes no sense as it was written; ends with the exit code of a wrong use. */
export class UsageFault extends Error {}

/** Ends the program with this code when everything that there is to say has been said. */
export class EndWith extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** `unclear` is what `loom audit verify` ends with when it could not tell. */
export const exitCodes = { done: 0, failed: 1, usage: 2, unclear: 2, configuration: 78 } as const;
