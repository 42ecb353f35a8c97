// Damage to the spool itself, between two lives of a gateway: no more is lost than was damaged, what is damaged is
// kept for whoever wants to look, and everything else arrives. A segment that somebody took away before a row of its
// lane was written leaves nothing that could tell of it; docs/ledger.md says what the ledger cannot show.
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { type FlippedField, flipBit, flippedFields, readSegments, tearTails } from "./support/spool-damage.js";
import { byTier, isAbove } from "./support/tier.js";
import { type World, withWorld } from "./support/world.js";

const env = { LOOM_DURABILITY: "process", LOOM_LANES: "1" };
const small = { answerFill: 800, requestFill: 100, gapMs: 1, headMs: 0 };

type Spooled = { readonly world: World; readonly proxy: DatabaseProxy };

/** A world whose Postgres can be away, so that a kill leaves a spool. */
async function withSpool(scenario: string, work: (spooled: Spooled) => Promise<void>): Promise<void> {
  let proxy: DatabaseProxy | null = null;
  const through = async (url: string) => {
    proxy = await openDatabaseProxy(url);
    return proxy.url;
  };
  await withWorld({ scenario, env, through }, async (world) => {
    if (proxy === null) throw new Error("the world has no database");
    const opened: DatabaseProxy = proxy;
    try {
      await work({ world, proxy: opened });
    } finally {
      await world.gateway.kill();
      await opened.close();
    }
  });
}

/** Leaves a spool with whole exchanges and some in flight, and no process. */
async function leaveSpool({ world, proxy }: Spooled): Promise<void> {
  await world.gateway.start();
  await world.sendOne(`first-${world.client.notes.size}`);
  await proxy.away();
  const load = world.load({ senders: 8, changed: small });
  await sleep(400);
  await world.gateway.kill();
  await load.stop();
  await proxy.back();
}

/** Ids of exchanges that have no row, or one that is not all of it. */
async function findHarmed(world: World): Promise<string[]> {
  const { verdict } = await world.settle(3000);
  return [...new Set([...verdict.faults.values()].flat())].map((text) => text.replace(/:.*/s, ""));
}

describeWithDatabase("a gateway whose spool", () => {
  test("ends in the middle of a write takes all before it", {
    skip: isAbove("usual"),
    timeout: 1_800_000,
  }, async () => {
    await withSpool("torn tail", async (spooled) => {
      const { world } = spooled;
      const times = byTier(0, 3, 50);
      for (let time = 0; time < times; time += 1) {
        await leaveSpool(spooled);
        expect(tearTails(world.gateway.home, world.chance)).toBe(1);
      }
      await world.gateway.start();
      await world.expectWhole(times, "replayed", "torn");
    });
  });

  const flips: readonly FlippedField[] = byTier(
    [],
    ["header", "length", "body"],
    Array.from({ length: 3 }, () => flippedFields).flat(),
  );
  test("has one wrong bit loses one frame at most, and says so", {
    skip: isAbove("usual"),
    timeout: 900_000,
  }, async () => {
    for (const field of flips) await withSpool(`bit flip: ${field}`, (spooled) => expectOneHarmed(spooled, field));
  });

  test.each([
    ["is gone", (path: string) => rmSync(path)],
    [
      "is a folder",
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    ["was renamed", (path: string) => renameSync(path, join(dirname(path), "a copy.seg"))],
  ])(
    "has a segment that %s starts, and loses nothing else",
    { skip: isAbove("full"), timeout: 240_000 },
    async (what, harm) => {
      await withSpool(`segment ${what}`, async (spooled) => {
        const { world } = spooled;
        await leaveSpool(spooled);
        const [segment] = readSegments(world.gateway.home);
        if (segment === undefined) throw new Error("there is no segment");
        harm(segment.path);
        await world.gateway.start();
        await world.sendOne("after");
        const { verdict } = await world.settle(4000);
        world.report({ verdict, drainMs: 0 }, 1);
        const kinds = [...verdict.faults.keys()].filter((kind) => kind !== "missing");
        expect(kinds).toEqual([]);
        const audit = await world.gateway.run("audit", "verify", "--json");
        expect(audit.code, audit.printed).toBe(0);
      });
    },
  );
});

async function expectOneHarmed(spooled: Spooled, field: FlippedField): Promise<void> {
  const { world } = spooled;
  await leaveSpool(spooled);
  const flip = flipBit(world.gateway.home, field, world.chance);
  if (flip === null) throw new Error("the spool has no frame");
  await world.gateway.start();
  for (const streamed of [false, true]) {
    expect((await world.sendOne(`after-${streamed}`, { streamed })).end).toBe("whole");
  }
  const harmed = await findHarmed(world);
  const settled = { verdict: await world.judge(), drainMs: 0 };
  world.report(settled, 1);
  expect(harmed.length, `${field}: ${harmed.join(", ")}\n${world.gateway.output}`).toBeLessThanOrEqual(1);
  const id = world.client.notes.get(harmed[0] ?? "")?.traceId ?? null;
  if (id !== null) expect(id).toBe(flip.head?.id);
  expect(settled.verdict.faults.has("duplicate") || settled.verdict.faults.has("spurious")).toBe(false);
  // Nobody can tell a wrong bit in the last frame from a write that the kill cut short.
  const damaged = world.gateway.count("spool_damaged");
  expect(damaged + world.gateway.exercised.torn, world.gateway.output).toBeGreaterThan(0);
  const kept = readdirSync(join(world.gateway.home, "spool"), { recursive: true, encoding: "utf8" });
  expect(kept.filter((name) => name.endsWith(".damaged")).length).toBe(damaged);
  const audit = await world.gateway.run("audit", "verify", "--json");
  expect(audit.code, audit.printed).toBe(0);
}
