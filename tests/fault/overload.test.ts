// More than it can carry, at times that do not wait for it: what is admitted is served and recorded as well as before,
// what is not is told so at once, and it recovers by itself.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { type DatabaseProxy, openDatabaseProxy } from "../support/database-proxy.js";
import { offer, type Summary, sumUp } from "./support/open-loop.js";
import { type ExchangePlan, makePlan } from "./support/plan.js";
import { byTier, isAbove } from "./support/tier.js";
import { type World, withWorld } from "./support/world.js";

const MiB = 1024 * 1024;
const small = { streamed: false, answerFill: 400, requestFill: 200, gapMs: 0 };

type Rate = { readonly perSecond: number; readonly seconds: number; readonly changed: Partial<ExchangePlan> };

async function offerTo(world: World, name: string, { perSecond, seconds, changed }: Rate): Promise<Summary> {
  const door = world.gateway.door();
  if (door === null) throw new Error("there is no gateway");
  const makeOne = (index: number) =>
    makePlan(`${world.seed.toString(36)}-${name.replaceAll(" ", "-")}-${index}`, world.chance, changed);
  const { client } = world;
  const summary = sumUp(await offer({ client, door, perSecond, seconds, makePlan: makeOne }), seconds);
  process.stdout.write(`fault: ${name}: ${JSON.stringify({ perSecond, seconds, ...summary })}\n`);
  return summary;
}

/** Of a process: what it has in memory now, or the most that it ever had. */
function memoryMiB(pid: number, what: "VmRSS" | "VmHWM"): number {
  const kib = new RegExp(`^${what}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

function countEach(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

describeWithDatabase("a gateway that is offered", () => {
  test("five times what it can carry serves as much as before, and refuses the rest well", {
    timeout: 240_000,
    skip: isAbove("usual"),
  }, async () => {
    await withWorld({ scenario: "five times the capacity" }, async (world) => {
      // The bound makes the capacity: so many at once, each for so long. A second of the provider's beside which the
      // machine's other work counts for little.
      const exchangesMax = 48;
      const headMs = 1000;
      const capacity = (exchangesMax * 1000) / headMs;
      const file = join(world.gateway.home, "loom.yaml");
      writeFileSync(file, `listen:\n  exchangesMax: ${exchangesMax}\n`);
      world.gateway.env["LOOM_CONFIG"] = file;
      await world.gateway.start();
      const changed = { ...small, headMs };
      const usual = await offerTo(world, "at its capacity", { perSecond: capacity, seconds: 6, changed });
      const over = await offerTo(world, "five times", {
        perSecond: 5 * capacity,
        seconds: byTier(10, 10, 60),
        changed,
      });
      // Else the figure says nothing of the bound, and only how busy the machine is.
      expect(usual.goodput).toBeGreaterThan(0.6 * capacity);
      expect(over.goodput).toBeGreaterThan(0.8 * usual.goodput);
      expect(Object.keys(over.refused)).toEqual(["503 overloaded 1"]);
      expect([...usual.others, ...over.others]).toEqual([]);
      const { verdict } = await world.expectWhole();
      expect(verdict.outcomes["complete"]).toBeGreaterThanOrEqual(usual.whole + over.whole);
    });
  });

  test("more bytes than it may hold refuses above its bound, and grows no further", {
    timeout: 240_000,
    skip: isAbove("usual"),
  }, async () => {
    const wrapper = ["env", "NODE_OPTIONS=--max-old-space-size=64"];
    await withWorld({ scenario: "large bodies, little memory", wrapper }, async (world) => {
      world.gateway.wrapsByExec = true;
      const bodyBytesInFlightMax = 16 * MiB;
      const file = join(world.gateway.home, "loom.yaml");
      const yaml = `listen:\n  bodyBytesInFlightMax: ${bodyBytesInFlightMax}\ncapture:\n  bytesInFlightMax: ${4 * MiB}\n`;
      writeFileSync(file, yaml);
      world.gateway.env["LOOM_CONFIG"] = file;
      await world.gateway.start();
      await world.sendOne("first");
      const [pid = 0] = world.gateway.pids();
      const beforeMiB = memoryMiB(pid, "VmRSS");
      // Held by the provider for long enough that all of them are there at once.
      const large = { requestFill: MiB, answerFill: MiB / 2, events: 4, gapMs: 200, headMs: 1500 };
      for (let round = 0; round < byTier(1, 1, 20); round += 1) {
        await Promise.all(Array.from({ length: 80 }, (_, index) => world.sendOne(`large-${round}-${index}`, large)));
      }
      const grownMiB = memoryMiB(pid, "VmHWM") - beforeMiB;
      const ends = [...world.client.notes.values()].map(({ end, status, errorCode, retryAfter }) =>
        [end, status, errorCode, retryAfter].join(" "),
      );
      process.stdout.write(
        `fault: from ${beforeMiB} MiB it grew by ${grownMiB} MiB; ${JSON.stringify(countEach(ends))}\n`,
      );
      expect(ends.filter((end) => end === "whole 200  ").length).toBeGreaterThan(3);
      expect(new Set(ends)).toEqual(new Set(["whole 200  ", "refused 503 overloaded 1"]));
      expect(world.gateway.isRunning).toBe(true);
      // Without the bound, it is more than twice as much.
      expect(grownMiB).toBeLessThan(160);
      await world.expectWhole();
    });
  });

  test("more than it may keep while Postgres is away refuses at its bound, and recovers by itself", {
    timeout: 240_000,
    skip: isAbove("usual"),
  }, async () => {
    let proxy: DatabaseProxy | null = null;
    const through = async (url: string) => {
      proxy = await openDatabaseProxy(url);
      return proxy.url;
    };
    // Small segments, so that the test does not measure how fast the disk is.
    const FAULT_LIMITS = JSON.stringify({ spoolSegmentBytes: 4 * MiB, laneSpoolBytesMax: 12 * MiB });
    const env = { LOOM_LANES: "1", FAULT_LIMITS };
    await withWorld({ scenario: "spool at its bound", env, through, commands: true }, async (world) => {
      if (proxy === null) throw new Error("the world has no database");
      const database: DatabaseProxy = proxy;
      // Answers for whose end there is room once their exchange is admitted.
      const changed = { ...small, requestFill: 60_000, answerFill: 40_000, headMs: 5 };
      await world.gateway.start();
      await world.sendOne("first");
      await database.away();
      const perSecond = 40;
      const away = await offerTo(world, "while Postgres is away", { perSecond, seconds: 6, changed });
      expect(Object.keys(away.refused)).toEqual(["503 trace_store_unavailable 1"]);
      expect(away.others).toEqual([]);
      expect(away.whole).toBeGreaterThan(0);
      // A hole that an answer left unused may still take one.
      expect(away.refusedBySecond.at(-1)).toBeGreaterThan(0.9 * perSecond);
      expect(await world.readiness()).not.toMatchObject({ status: "ready" });
      await database.back();
      const backAt = performance.now();
      for (let tries = 0; (await world.sendOne(`again-${tries}`, changed)).end !== "whole"; tries += 1) {
        expect(performance.now() - backAt, "ms until it admits again").toBeLessThan(30_000);
        await sleep(50);
      }
      process.stdout.write(
        `fault: it admits again ${Math.round(performance.now() - backAt)} ms after Postgres is back\n`,
      );
      const after = await offerTo(world, "after it is back", { perSecond, seconds: 3, changed: small });
      expect({ refused: after.refused, others: after.others }).toEqual({ refused: {}, others: [] });
      const { verdict } = await world.expectWhole();
      expect(verdict.outcomes["complete"]).toBeGreaterThanOrEqual(away.whole + after.whole);
    });
  });
});
