// A lane's thread that ends, throws or hangs while others work. What durability `memory` loses then, it names.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { isOffered } from "./support/offered.js";
import { byTier, isAbove, isFull } from "./support/tier.js";
import { describeFaults, type World, withWorld } from "./support/world.js";

async function crashLane(world: World, how: "crash" | "throw"): Promise<void> {
  const before = world.gateway.count("lane_crashed");
  const deadline = performance.now() + 10_000;
  world.command(how);
  while (world.gateway.count("lane_crashed") === before) {
    // A thread that is no lane may have taken it.
    if (performance.now() > deadline) throw new Error(`no lane crashed:\n${world.gateway.output}`);
    await sleep(100);
    if (world.gateway.count("lane_crashed") === before) world.command(how);
  }
}

describeWithDatabase("a gateway whose lane", () => {
  test("crashes again and again keeps or names everything", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    const env = { LOOM_DURABILITY: "memory" };
    await withWorld({ scenario: "worker crash, memory", commands: true, env }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 16 });
      const crashes = byTier(3, 4, 50);
      for (let crash = 0; crash < crashes; crash += 1) {
        await sleep(world.chance.int(100, 500));
        await crashLane(world, crash % 2 === 0 ? "crash" : "throw");
      }
      await load.stop();
      const note = await world.sendOne("after");
      expect(note.end).toBe("whole");
      const settled = await world.settle(8000);
      world.report(settled, crashes);
      const { verdict } = settled;
      const lost = world.gateway.lostIds;
      const unnamed = verdict.missing.filter((id) => {
        const traceId = world.client.notes.get(id)?.traceId;
        return traceId !== null && traceId !== undefined && !lost.has(traceId);
      });
      expect(unnamed).toEqual([]);
      expect(verdict.missing.length).toBeLessThanOrEqual(lost.size);
      expect(lost.size).toBeGreaterThan(0);
      const others = describeFaults(verdict).filter((text) => !text.startsWith("missing"));
      expect(others).toEqual([]);
    });
  });

  const title = "crashes again and again loses nothing with durability process";
  test.skipIf(!isOffered("process"))(title, { timeout: 240_000 }, async () => {
    const env = { LOOM_DURABILITY: "process" };
    await withWorld({ scenario: "worker crash, process", commands: true, env }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 16 });
      const crashes = byTier(3, 4, 50);
      for (let crash = 0; crash < crashes; crash += 1) {
        await sleep(world.chance.int(100, 500));
        await crashLane(world, crash % 2 === 0 ? "crash" : "throw");
      }
      await load.stop();
      await sleep(300);
      await world.expectWhole(crashes, "replayed");
      expect(world.gateway.count("traces_lost")).toBe(0);
    });
  });

  test("hangs answers no one wrongly and goes on", { timeout: 240_000, skip: isAbove("usual") }, async () => {
    await withWorld({ scenario: "worker hang", commands: true }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 16 });
      await sleep(500);
      world.command("hang", isFull ? 30_000 : 2500);
      const delays: number[] = [];
      for (let look = 0; look < 20; look += 1) {
        await sleep(100);
        const startedAt = performance.now();
        await fetch(`${world.gateway.door()?.url}/healthz`);
        delays.push(performance.now() - startedAt);
      }
      await sleep(isFull ? 30_000 : 1500);
      await load.stop();
      await world.expectWhole();
      delays.sort((a, b) => a - b);
      expect(delays[15]).toBeLessThan(250);
    });
  });
});
