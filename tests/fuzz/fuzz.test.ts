// The fuzzer: cases of a seed, many at once, with a hostile provider behind the gateway. What must hold: the process
// lives, nobody sees another's bytes, sound requests get sound answers, every exchange has an outcome and a number, and
// memory comes back. `npm run fuzz -- --seconds N --seed S`; FUZZ_WORLDS=path leaves the whole gateway out.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { FrontEndName } from "../../src/listen/front-end.js";
import { describeWithDatabase } from "../support/database.js";
import { frontEndNames } from "../support/wire.js";
import { judge, Session } from "./attack.js";
import { type FuzzCase, makeCase } from "./case.js";
import { openPathWorld } from "./path-world.js";
import { openWholeWorld } from "./whole-world.js";
import type { FuzzWorld } from "./world.js";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 4);
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const worlds = process.env["FUZZ_WORLDS"] ?? "all";
const shares = worlds === "all" ? { path: 0.35, whole: 0.15 } : { path: 0.5, whole: 0.5 };
const atOnce = 48;
/** A case in which both sides wait ends when the client has had enough. */
const quietMs = 700;
/** A sound request is waited for, however busy the machine is. */
const soundQuietMs = 20_000;
const keptFaults = 20;
const rssGrowthMax = 160 * 1024 * 1024;

class Run {
  readonly faults: string[] = [];
  readonly seen = new Map<string, number>();
  cases = 0;
  readonly #world: FuzzWorld;
  #index = 0;

  constructor(world: FuzzWorld) {
    this.#world = world;
  }

  async playUntil(deadlineMs: number): Promise<void> {
    const lines = Array.from({ length: atOnce }, async () => {
      const session = new Session(this.#world.port);
      while (performance.now() < deadlineMs && this.#world.isAlive()) {
        this.#index += 1;
        await this.#play(session, makeCase(seed, this.#index, this.#world.keys));
      }
      session.close();
    });
    await Promise.all(lines);
  }

  async #play(session: Session, fuzzCase: FuzzCase): Promise<void> {
    const { kind, index } = fuzzCase;
    const { provider, keys } = this.#world;
    provider.cases.set(index, fuzzCase);
    const seen = await session.attack(fuzzCase, kind === "sound" ? soundQuietMs : quietMs);
    provider.cases.delete(index);
    this.cases += 1;
    const name = `${kind} ${seen.text.slice(9, 12) || seen.end}`;
    this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    const fault = judge(fuzzCase, seen, (other) => makeCase(seed, other, keys).marker);
    if (fault !== null && this.faults.length < keptFaults)
      this.faults.push(`seed ${seed} case ${index} (${kind}): ${fault}`);
  }
}

async function fuzz(name: string, world: FuzzWorld, ms: number): Promise<void> {
  const run = new Run(world);
  const startedAtMs = performance.now();
  await run.playUntil(startedAtMs + Math.min(15_000, ms / 4));
  const warmBytes = world.rssBytes();
  await run.playUntil(startedAtMs + ms);
  await sleep(1500);
  const endBytes = world.rssBytes();
  const { figures, faults } = await world.finish();
  const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
  const report = {
    world: name,
    seed,
    cases: run.cases,
    seconds: Math.round(ms / 1000),
    providerCalls: world.provider.calls,
    ...figures,
    rssMiB: [mebibytes(warmBytes), mebibytes(endBytes)],
    seen: Object.fromEntries([...run.seen].toSorted(([a], [b]) => a.localeCompare(b))),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  expect([...run.faults, ...world.provider.faults, ...faults]).toEqual([]);
  expect(endBytes - warmBytes).toBeLessThan(rssGrowthMax);
}

describe.each(frontEndNames)("the path under a fuzzer, on %s", (name: FrontEndName) => {
  const ms = seconds * 1000 * shares.path;
  test.skipIf(worlds === "whole")(
    "leaks nothing, and gives every exchange an outcome",
    async () => {
      const world = await openPathWorld(name);
      try {
        await fuzz(`path ${name}`, world, ms);
      } finally {
        await world.close();
      }
    },
    ms + 90_000,
  );
});

describeWithDatabase("the whole gateway under a fuzzer", () => {
  const ms = seconds * 1000 * shares.whole;
  test.skipIf(worlds === "path").each(frontEndNames)(
    "lives, leaks nothing, and accounts for everything, on %s",
    async (name) => {
      const world = await openWholeWorld(name);
      try {
        await fuzz(`whole ${name}`, world, ms);
      } finally {
        await world.close();
      }
    },
    ms + 90_000,
  );
});
