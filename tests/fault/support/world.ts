// A whole fault run: a database, a provider, a gateway that may die, clients, and at the end the verdict.
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../support/database.js";
import { FaultClient } from "./client.js";
import { type Exercise, GatewayProcess } from "./gateway-process.js";
import { Load, type LoadOptions } from "./load.js";
import { makePlan } from "./plan.js";
import { type ProviderProcess, startProvider } from "./provider-process.js";
import { Chance, seedOfRun } from "./random.js";
import { countRows, readDatabase } from "./recorded.js";
import { judge, type Verdict } from "./verdict.js";

export type WorldOptions = {
  /** Names the run in its line. */
  readonly scenario: string;
  /** The URL that Loom gets, made of the database's own; the same when left out. */
  readonly through?: (url: string) => Promise<string>;
  /** A database on a server of the scenario's own, instead of a clone. */
  readonly database?: { readonly url: string };
  readonly env?: Readonly<Record<string, string>>;
  readonly wrapper?: readonly string[];
  /** Loads preload.js into the gateway's threads, so that `command` works. */
  readonly commands?: boolean;
  readonly home?: string;
};

function preloadUrl(folder: string): string {
  const url = new URL("./preload.js", import.meta.url);
  url.searchParams.set("folder", folder);
  return url.href;
}

export type Settled = { readonly verdict: Verdict; readonly drainMs: number };

const settleTimeoutMs = 60_000;

export class World {
  readonly seed: number;
  readonly chance: Chance;
  readonly client = new FaultClient();
  readonly gateway: GatewayProcess;
  readonly provider: ProviderProcess;
  /** The database itself, whatever stands before it. */
  readonly databaseUrl: string;
  readonly #scenario: string;
  readonly #folder: string;
  readonly #database: TestDatabase | null;
  readonly #startedAtMs = performance.now();

  private constructor(parts: {
    options: WorldOptions;
    seed: number;
    folder: string;
    database: TestDatabase | null;
    databaseUrl: string;
    loomUrl: string;
    provider: ProviderProcess;
  }) {
    const { options, seed, folder, database, databaseUrl, loomUrl, provider } = parts;
    this.seed = seed;
    this.chance = new Chance(seed);
    this.#scenario = options.scenario;
    this.#folder = folder;
    this.#database = database;
    this.databaseUrl = databaseUrl;
    this.provider = provider;
    this.gateway = new GatewayProcess({
      home: options.home ?? folder,
      wrapper: options.wrapper ?? [],
      nodeOptions: options.commands === true ? ["--import", preloadUrl(folder)] : [],
      env: {
        DATABASE_URL: loomUrl,
        OPENAI_API_KEY: "sk-fault-upstream",
        OPENAI_BASE_URL: `${provider.url}/v1`,
        LOOM_DEFAULT_PROVIDER: "openai",
        LOOM_LANES: "2",
        ...(process.env["FAULT_DURABILITY"] !== undefined && { LOOM_DURABILITY: process.env["FAULT_DURABILITY"] }),
        ...options.env,
      },
    });
  }

  static async open(options: WorldOptions): Promise<World> {
    const seed = seedOfRun();
    process.stdout.write(`fault: ${options.scenario}, FAULT_SEED=${seed}\n`);
    const folder = mkdtempSync(join(tmpdir(), "loom-fault-"));
    const database = options.database === undefined ? await openTestDatabase() : null;
    const databaseUrl = options.database?.url ?? database?.url ?? "";
    const loomUrl = (await options.through?.(databaseUrl)) ?? databaseUrl;
    const provider = await startProvider(join(folder, "provider.log"));
    return new World({ options, seed, folder, database, databaseUrl, loomUrl, provider });
  }

  /** Gives a command to the threads; see preload.js. */
  command(name: "crash" | "throw" | "hang" | "clock", value = 0): void {
    // Whole or not at all: a thread may read it at any moment.
    const draft = join(this.#folder, `${name}.draft`);
    writeFileSync(draft, String(value));
    renameSync(draft, join(this.#folder, name));
  }

  load(options: Partial<LoadOptions> & { readonly senders: number }): Load {
    return new Load({ client: this.client, seed: this.seed, door: this.gateway.door, ...options });
  }

  /** One exchange now; resolves when it ended. */
  async sendOne(name: string, changed: Parameters<typeof makePlan>[2] = {}) {
    const door = this.gateway.door();
    if (door === null) throw new Error(`there is no gateway for ${name}`);
    const plan = makePlan(`${this.seed.toString(36)}-${name}`, this.chance, changed);
    return this.client.send(door.url, door.key, plan);
  }

  /** What `/readyz` says, or null when nothing answers. */
  async readiness(): Promise<Readiness | null> {
    const url = this.gateway.door()?.url;
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) }).catch(() => null);
    return answer === null ? null : ((await answer.json()) as Readiness);
  }

  /**
   * Waits until nothing is on its way any more and holds every side against the others. `timeoutMs` counts from the
   * last row that came: what many lives left behind takes its time.
   */
  async settle(timeoutMs = settleTimeoutMs): Promise<Settled> {
    const startedAtMs = performance.now();
    let deadline = startedAtMs + timeoutMs;
    let rows = -1;
    for (;;) {
      const readiness = await this.readiness();
      const isIdle = readiness?.checks.lanes.every((lane) => lane.openExchanges === 0 && lane.backlogBytes === 0);
      const now = await this.#count();
      if ((isIdle === true && now === rows) || performance.now() > deadline) break;
      if (now !== rows) deadline = performance.now() + timeoutMs;
      rows = now;
      await sleep(250);
    }
    let verdict = await this.judge();
    // A replay that goes on behind an idle path. A judgement may take as long: what came meanwhile is looked at again.
    deadline = performance.now() + timeoutMs;
    while (verdict.faults.size > 0 && performance.now() < deadline) {
      await sleep(500);
      const now = await this.#count();
      if (now === rows) continue;
      rows = now;
      verdict = await this.judge();
      deadline = performance.now() + timeoutMs;
    }
    return { verdict, drainMs: performance.now() - startedAtMs };
  }

  /** A server that a scenario has just ended may still be on its way back. */
  async #count(): Promise<number> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await countRows(this.databaseUrl);
      } catch (error) {
        if (tries === 60) throw error;
        await sleep(500);
      }
    }
  }

  async judge(): Promise<Verdict> {
    const database = await readDatabase(this.databaseUrl, this.gateway.home);
    return judge({ client: this.client.notes, provider: this.provider.readNotes(), database });
  }

  /**
   * A plain and a streamed exchange pass, the verdict over everything is clean, and so is the ledger's. What the run
   * is to exercise must have happened: a clean verdict over nothing says nothing.
   */
  async expectWhole(runs = 1, ...wanted: readonly Exercise[]): Promise<Settled> {
    for (const streamed of [false, true]) {
      const note = await this.sendOne(`fresh-${streamed}-${this.client.notes.size}`, { streamed });
      expect(note.end, `a fresh request: ${note.status} ${note.errorCode}\n${this.gateway.output}`).toBe("whole");
    }
    const settled = await this.settle();
    this.report(settled, runs);
    expect(describeFaults(settled.verdict), this.gateway.output).toEqual([]);
    for (const exercise of wanted)
      expect(this.gateway.exercised[exercise], `${exercise} in this run`).toBeGreaterThan(0);
    const audit = await this.gateway.run("audit", "verify", "--json");
    expect(audit.code, `loom audit verify: ${audit.printed}`).toBe(0);
    return settled;
  }

  report({ verdict, drainMs }: Settled, runs: number): void {
    const { faults, missing: _, ...sums } = verdict;
    const events = Object.fromEntries([...this.gateway.counts].filter(([name]) => !quietEvents.has(name)));
    const ends: Record<string, number> = {};
    for (const { end } of this.client.notes.values()) ends[String(end)] = (ends[String(end)] ?? 0) + 1;
    const seconds = Math.round((performance.now() - this.#startedAtMs) / 100) / 10;
    const faultCounts = Object.fromEntries([...faults].map(([name, ids]) => [name, ids.length]));
    const { exercised } = this.gateway;
    const line = { scenario: this.#scenario, seed: this.seed, runs, faults: faultCounts, ...sums, exercised };
    const text = JSON.stringify({ ...line, ends, events, drainMs: Math.round(drainMs), seconds });
    process.stdout.write(`fault: ${text}\n`);
    const file = process.env["FAULT_RESULTS"];
    if (file !== undefined) appendFileSync(file, `${text}\n`);
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    this.client.close();
    await this.provider.stop();
    await sleep(100);
    await this.#database?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** As much of `/readyz` as a scenario looks at. */
export type Readiness = {
  readonly status: string;
  readonly checks: {
    readonly database: string;
    readonly lanes: readonly {
      readonly admits: boolean;
      readonly openExchanges: number;
      readonly backlogBytes: number;
    }[];
  };
};

const quietEvents = new Set(["lane_started", "settings_changed"]);

/** Each fault with its count and its first ids, for a message that can be read. */
export function describeFaults({ faults }: Verdict): string[] {
  return [...faults].map(([name, ids]) => `${name} (${ids.length}): ${ids.slice(0, 5).join("; ")}`);
}

/** Opens a world, hands it to `work` and closes it, however that ends. */
export async function withWorld(options: WorldOptions, work: (world: World) => Promise<void>): Promise<void> {
  const world = await World.open(options);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}
