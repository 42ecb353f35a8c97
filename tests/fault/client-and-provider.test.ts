// What clients and providers may do to an exchange: leave at any moment, break off at any byte.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import type { ClientNote, Leaving } from "./support/client.js";
import { answerBytes, answerPieces, type ExchangePlan, makePlan } from "./support/plan.js";
import type { Chance } from "./support/random.js";
import { byTier, isAbove } from "./support/tier.js";
import { withWorld } from "./support/world.js";

function chooseLeaving(chance: Chance, plan: ExchangePlan): Leaving {
  const by = chance.pick<Leaving["by"]>(["fin", "rst"]);
  const at = chance.pick<Leaving["at"]>(["connect", "half of the body", "sent", "head", "bytes", "bytes"]);
  if (at !== "bytes") return { at, by };
  return { at, by, bytes: chance.int(1, answerBytes(plan, true).length) };
}

/** Runs all, some at a time. */
async function runEach<Item>(items: readonly Item[], atOnce: number, run: (item: Item) => Promise<unknown>) {
  const rest = [...items];
  const runner = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
}

/** Bytes just before, at and after the end of each event; for a plain answer, of its first and last bytes. */
function cutPoints(plan: ExchangePlan): number[] {
  const ends: number[] = [];
  let at = 0;
  for (const piece of answerPieces(plan)) {
    at += piece.length;
    ends.push(at - 1, at, at + 1);
  }
  return [0, 1, ...ends].filter((point) => point < at);
}

describeWithDatabase("a gateway whose", () => {
  test("clients leave at every moment, by FIN and by RST", { timeout: 240_000 }, async () => {
    await withWorld({ scenario: "client disconnects at every phase" }, async (world) => {
      await world.gateway.start();
      const { url, key } = world.gateway.door() ?? { url: "", key: "" };
      const plans = Array.from({ length: byTier(60, 120, 500) }, (_, index) =>
        makePlan(`leave-${world.seed.toString(36)}-${index}`, world.chance, { streamed: index % 3 !== 0 }),
      );
      await runEach(plans, 8, (plan) => world.client.send(url, key, plan, chooseLeaving(world.chance, plan)));
      const { verdict } = await world.expectWhole(plans.length);
      expect(verdict.outcomes["aborted"]).toBeGreaterThan(5);
    });
  });

  test("provider breaks off at every border of an event", { timeout: 240_000 }, async () => {
    await withWorld({ scenario: "upstream cut at byte k" }, async (world) => {
      await world.gateway.start();
      const { url, key } = world.gateway.door() ?? { url: "", key: "" };
      const plans: ExchangePlan[] = [];
      for (let round = 0; round < byTier(1, 2, 12); round += 1) {
        for (const streamed of [true, false]) {
          const name = `cut-${world.seed.toString(36)}-${round}-${streamed}`;
          const plan = makePlan(name, world.chance, {
            answerFill: 900,
            requestFill: 100,
            headMs: 0,
            events: 6,
            streamed,
            gapMs: round % 3,
          });
          for (const cutAt of cutPoints({ ...plan, id: `${name}-00` })) {
            plans.push({ ...plan, id: `${name}-${String(cutAt).padStart(2, "0").slice(-2)}-${cutAt}`, cutAt });
          }
        }
      }
      const notes: ClientNote[] = [];
      await runEach(plans, 8, async (plan) => notes.push(await world.client.send(url, key, plan)));
      const { verdict } = await world.expectWhole(plans.length);
      expect(notes.filter(({ end }) => end === "whole")).toEqual([]);
      expect(verdict.outcomes["truncated"]).toBeGreaterThan(plans.length / 2);
    });
  });

  test("provider stops in the middle of everything, and goes on", {
    timeout: 240_000,
    skip: isAbove("usual"),
  }, async () => {
    await withWorld({ scenario: "provider stalls" }, async (world) => {
      await world.gateway.start();
      const load = world.load({ senders: 24 });
      for (let time = 0; time < byTier(0, 3, 20); time += 1) {
        await sleep(world.chance.int(200, 600));
        world.provider.child.kill("SIGSTOP");
        await sleep(world.chance.int(200, 1500));
        world.provider.child.kill("SIGCONT");
      }
      await load.stop();
      await world.expectWhole();
      expect([...world.client.notes.values()].filter(({ end }) => end !== "whole")).toEqual([]);
    });
  });
});
