// SIGKILL, at any moment and at named ones: what reached the provider is recorded, once, with what the client saw.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type CrashPoint, crashPoints } from "../../src/trace/lane-messages.js";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { isOffered } from "./support/offered.js";
import { tearTails } from "./support/spool-damage.js";
import { byTier, isAbove } from "./support/tier.js";
import { type World, withWorld } from "./support/world.js";

const env = { LOOM_DURABILITY: "process" };
const small = { answerFill: 200, requestFill: 100, gapMs: 0, headMs: 0 };
/** Enough bytes that segments are filled and removed within a second. */
const large = { answerFill: 300_000, requestFill: 100_000, events: 4, gapMs: 0, headMs: 0 };

/** Until some exchanges of this life have ended well. */
async function waitForAnswers(world: World, timeoutMs = 5000): Promise<void> {
  const countWhole = () => [...world.client.notes.values()].filter(({ end }) => end === "whole").length;
  const before = countWhole();
  const deadline = performance.now() + timeoutMs;
  while (countWhole() < before + 5 && performance.now() < deadline) await sleep(10);
}

/** Spawns it without waiting for more than `ms`, and kills it wherever it is then. */
async function spawnAndKill(world: World, ms: number): Promise<void> {
  world.gateway.spawn();
  await sleep(ms);
  await world.gateway.kill();
}

async function waitForEnd(world: World, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (world.gateway.isRunning && performance.now() < deadline) await sleep(10);
  return !world.gateway.isRunning;
}

const quickPoints: readonly CrashPoint[] = ["after_commit"];

describeWithDatabase("a gateway that is killed", () => {
  test.skipIf(!isOffered("process"))(
    "at random under mixed load keeps everything",
    { timeout: 1_800_000 },
    async () => {
      await withWorld({ scenario: "SIGKILL at random", env }, async (world) => {
        await world.gateway.start();
        const load = world.load({ senders: 16 });
        const kills = byTier(3, 20, 200);
        for (let kill = 0; kill < kills; kill += 1) {
          // Most lives are long enough for exchanges to be on their way, some are not.
          if (world.chance.happens(80)) await waitForAnswers(world);
          await sleep(world.chance.int(20, 500));
          await world.gateway.kill();
          // Some kills come in the middle of a write; too few to wait for.
          if (kill === 0 || world.chance.happens(50)) tearTails(world.gateway.home, world.chance);
          await world.gateway.start();
        }
        await sleep(300);
        await load.stop();
        const { verdict } = await world.expectWhole(kills, "replayed", "torn");
        expect(verdict.outcomes["interrupted"]).toBeGreaterThan(kills / 2);
      });
    },
  );

  test.skipIf(!isOffered("process") || isAbove("usual"))(
    "again and again while it recovers keeps everything",
    { timeout: 300_000 },
    async () => {
      let proxy: DatabaseProxy | null = null;
      const through = async (url: string) => {
        proxy = await openDatabaseProxy(url);
        return proxy.url;
      };
      await withWorld({ scenario: "SIGKILL during recovery", env, through }, async (world) => {
        await world.gateway.start();
        const load = world.load({ senders: 16 });
        await sleep(500);
        await proxy?.away();
        await sleep(2500);
        await world.gateway.kill();
        await load.stop();
        await proxy?.back();
        const kills = byTier(0, 10, 30);
        for (let kill = 0; kill < kills; kill += 1) await spawnAndKill(world, world.chance.int(150, 700));
        await world.gateway.start();
        const { verdict } = await world.expectWhole(kills, "replayed");
        expect(verdict.outcomes["interrupted"]).toBeGreaterThan(0);
        await world.gateway.terminate();
        await proxy?.close();
      });
    },
  );

  const points = isAbove("usual") ? quickPoints : crashPoints;
  test.skipIf(!isOffered("process")).each(points.map((point) => [point] as const))(
    "at %s keeps everything",
    { timeout: 1_800_000 },
    async (point) => {
      await withWorld({ scenario: `SIGKILL at ${point}`, env }, async (world) => {
        await world.gateway.start();
        await world.sendOne("first");
        const times = byTier(1, 1, 25);
        for (let time = 0; time < times; time += 1) await crashOnce(world, point);
        const crashes = world.gateway.lives;
        await world.gateway.start();
        await world.expectWhole(times);
        expect(crashes).toBeGreaterThan(times);
      });
    },
  );

  test.skipIf(!isOffered("process") || isAbove("usual"))(
    "by a second SIGTERM keeps everything",
    { timeout: 400_000 },
    async () => {
      await withWorld({ scenario: "two SIGTERMs", env }, async (world) => {
        await world.gateway.start();
        const load = world.load({ senders: 16 });
        const times = byTier(0, 2, 10);
        for (let time = 0; time < times; time += 1) {
          await sleep(500);
          const ended = world.gateway.terminate();
          await sleep(world.chance.int(5, 60));
          await world.gateway.terminate();
          await ended;
          await world.gateway.start();
        }
        await load.stop();
        await world.expectWhole(times);
      });
    },
  );
});

async function crashOnce(world: World, point: CrashPoint): Promise<void> {
  await world.gateway.kill();
  if (point === "mid_recovery") {
    // Something must be there that can be recovered.
    await world.gateway.start();
    const load = world.load({ senders: 8 });
    await sleep(200);
    await world.gateway.kill();
    await load.stop();
  }
  const usual = world.gateway.env;
  world.gateway.env = { ...usual, LOOM_CRASH_AT: `${point}:${point === "mid_recovery" ? 1 : world.chance.int(1, 4)}` };
  world.gateway.spawn();
  const rotates = point === "mid_rotate" || point === "after_unlink";
  const load = world.load({ senders: 8, changed: rotates ? large : small });
  const ended = (await waitForEnd(world, 60_000)) && world.gateway.endSignal === "SIGKILL";
  world.gateway.env = usual;
  await world.gateway.kill();
  await load.stop();
  expect(ended, `the process never came to ${point}\n${world.gateway.output}`).toBe(true);
}
