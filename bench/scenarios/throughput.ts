// `throughput`: a closed loop over many connections, where the cost of each request decides how many there are.
import { plainBody } from "../load/bodies.js";
import type { ClosedResult } from "../load/loads.js";
import { FaultList, faultOf, latencyFigures, meterLoad } from "../measure.js";
import { type Case, type Column, CurveKeeper, cpuColumns, cpuGuards, runRounds, type Scenario } from "../scenario.js";
import { loadOf, type Target, type World } from "../world.js";

const connectionCounts = { quick: [32], full: [32, 256] } as const;
const requestsFull = 8000;
/** A gateway that answers 50 times slower than Loom still ends in time. */
const peerShare = 0.1;
const timeoutMs = 60_000;

const columns: readonly Column[] = [
  { key: "perSecond", heading: "requests/s", digits: 0 },
  { key: "perSecond", heading: "of direct", digits: 2, against: "ratio" },
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  ...cpuColumns,
];

export const throughput: Scenario = {
  name: "throughput",
  says: "closed loop over 32 and 256 connections: requests a second and CPU of each",
  seconds: { quick: 6, full: 60 },
  async run(world, effort) {
    const { kind, scale } = effort;
    const list = new FaultList();
    const cases: Case[] = [];
    for (const connections of connectionCounts[kind]) {
      const keeper = new CurveKeeper();
      const requestsOf = (target: Target): number =>
        Math.max(connections, Math.round(requestsFull * scale * (target.kind === "peer" ? peerShare : 1)));
      // Compiled code is what a server runs with: without these, the first rounds cost half as much again as the last.
      for (const target of world.targets) await drive(world, target, connections, Math.round(requestsOf(target) / 2));
      const measured = await runRounds(world.targets, effort, async (target) => {
        const requests = requestsOf(target);
        const { result, cpu } = await meterLoad(
          world,
          target,
          () => requests,
          () => drive(world, target, connections, requests),
        );
        list.add(target, faultOf(result, requests));
        keeper.add(target.name, result.latenciesMs);
        const perSecond = (result.latenciesMs.length * 1000) / result.elapsedMs;
        return { perSecond, ...latencyFigures(result.latenciesMs), ...cpu };
      });
      cases.push({ name: `${connections}`, rounds: measured, curves: keeper.curves() });
    }
    return {
      name: "throughput",
      title: "1 KB requests, closed loop, by connections",
      columns,
      cases,
      guarded: [{ key: "perSecond", against: "direct", better: "higher", held: "calm" }, ...cpuGuards],
      budgets: [],
      notes: ["CPU is µs a request. All of the world shares the machine's cores.", ...list.notes],
      faults: list.faults,
    };
  },
};

function drive(world: World, target: Target, connections: number, requests: number): Promise<ClosedResult> {
  return world.generator.run({ kind: "closed", ...loadOf(target, plainBody()), connections, requests, timeoutMs });
}
