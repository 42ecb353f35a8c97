// `overhead`: plain requests over one connection, where nothing waits for anything else and only the added time shows.
import { plainBody } from "../load/bodies.js";
import type { ClosedResult } from "../load/loads.js";
import { FaultList, faultOf, latencyFigures, meterLoad } from "../measure.js";
import { type Column, CurveKeeper, cpuColumns, cpuGuards, runRounds, type Scenario } from "../scenario.js";
import { loadOf, type Target, type World } from "../world.js";

const requestsFull = 2000;
const timeoutMs = 60_000;

const columns: readonly Column[] = [
  { key: "floor", heading: "p1 ms", digits: 3 },
  { key: "p50", heading: "p50 ms", digits: 3 },
  { key: "p99", heading: "p99 ms", digits: 3 },
  { key: "p50", heading: "added p50", digits: 3, against: "added" },
  { key: "p99", heading: "added p99", digits: 3, against: "added" },
  { key: "p999", heading: "added p99.9", digits: 3, against: "added" },
  ...cpuColumns,
];

export const overhead: Scenario = {
  name: "overhead",
  says: "one connection: what is added to each request",
  seconds: { quick: 5, full: 40 },
  async run(world, effort) {
    const list = new FaultList();
    const keeper = new CurveKeeper();
    const requests = Math.round(requestsFull * effort.scale);
    // Cold code and first connections are no way's fault, and they would show in the first round only.
    for (const target of world.targets) await drive(world, target, requests);
    const measured = await runRounds(world.targets, effort, async (target) => {
      const { result, cpu } = await meterLoad(
        world,
        target,
        () => requests,
        () => drive(world, target, requests),
      );
      list.add(target, faultOf(result, requests));
      keeper.add(target.name, result.latenciesMs);
      return { ...latencyFigures(result.latenciesMs), ...cpu };
    });
    return {
      name: "overhead",
      title: "1 KB requests, one connection",
      columns,
      cases: [{ name: "", rounds: measured, curves: keeper.curves() }],
      guarded: [
        { key: "floor", against: "direct", better: "lower", held: "always" },
        { key: "p50", against: "direct", better: "lower", held: "full" },
        { key: "p99", against: "direct", better: "lower", held: "full" },
        ...cpuGuards,
      ],
      budgets: [
        { key: "floor", addedMsMax: 20, held: "always" },
        { key: "p50", addedMsMax: 20, held: "calm" },
        { key: "p99", addedMsMax: 20, held: "full" },
      ],
      notes: [`${requests} requests a round and way. CPU is µs a request, by thread or process.`, ...list.notes],
      faults: list.faults,
    };
  },
};

function drive(world: World, target: Target, requests: number): Promise<ClosedResult> {
  const load = loadOf(target, plainBody());
  return world.generator.run({ kind: "closed", ...load, connections: 1, requests, timeoutMs });
}
