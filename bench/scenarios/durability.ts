// `durability`: three Looms side by side, one for each durability, in the same rounds: what waiting for the spool and
// for the disk costs a request.
import { plainBody } from "../load/bodies.js";
import type { ClosedResult } from "../load/loads.js";
import { FaultList, faultOf, latencyFigures, meterLoad } from "../measure.js";
import {
  type Case,
  type Column,
  CurveKeeper,
  cpuColumns,
  cpuGuards,
  type Effort,
  runRounds,
  type Scenario,
} from "../scenario.js";
import { loadOf, ownTargets, type Target, type World } from "../world.js";

const durabilities = ["memory", "process", "disk"] as const;
const loads = [
  { name: "1 connection", connections: 1, requests: 1000 },
  { name: "32 connections", connections: 32, requests: 4000 },
] as const;
const roundsMax = 3;
const timeoutMs = 60_000;

const columns: readonly Column[] = [
  { key: "perSecond", heading: "requests/s", digits: 0 },
  { key: "p50", heading: "p50 ms", digits: 3 },
  { key: "p99", heading: "p99 ms", digits: 3 },
  { key: "p50", heading: "added p50", digits: 3, against: "added" },
  { key: "p99", heading: "added p99", digits: 3, against: "added" },
  ...cpuColumns,
];

export const durability: Scenario = {
  name: "durability",
  says: "memory, process and disk side by side",
  seconds: { quick: null, full: 60 },
  async run(world, effort) {
    const list = new FaultList();
    const looms = [];
    for (const name of durabilities) looms.push(await world.startLoom(name, { settings: { LOOM_DURABILITY: name } }));
    const others = ownTargets(world).filter(({ kind }) => kind !== "loom");
    const targets = [...others, ...looms.map(({ target }) => target)];
    const cases: Case[] = [];
    for (const load of loads) cases.push(await measureLoad(world, effort, targets, load, list));
    for (const loom of looms) await loom.stop();
    return {
      name: "durability",
      title: "1 KB requests by durability",
      columns,
      cases,
      guarded: [{ key: "floor", against: "direct", better: "lower", held: "full" }, ...cpuGuards],
      budgets: [{ key: "p50", addedMsMax: 20, held: "full" }],
      notes: ["Three Looms run at once, each with a Postgres of its own. CPU is µs a request.", ...list.notes],
      faults: list.faults,
    };
  },
};

async function measureLoad(
  world: World,
  effort: Effort,
  targets: readonly Target[],
  { name, connections, requests: requestsFull }: (typeof loads)[number],
  list: FaultList,
): Promise<Case> {
  const keeper = new CurveKeeper();
  const requests = Math.max(connections, Math.round(requestsFull * effort.scale));
  const drive = (target: Target): Promise<ClosedResult> =>
    world.generator.run({ kind: "closed", ...loadOf(target, plainBody()), connections, requests, timeoutMs });
  for (const target of targets) await drive(target);
  const measured = await runRounds(
    targets,
    { ...effort, rounds: Math.min(effort.rounds, roundsMax) },
    async (target) => {
      const { result, cpu } = await meterLoad(
        world,
        target,
        () => requests,
        () => drive(target),
      );
      list.add(target, faultOf(result, requests));
      keeper.add(target.name, result.latenciesMs);
      const perSecond = (result.latenciesMs.length * 1000) / result.elapsedMs;
      return { perSecond, ...latencyFigures(result.latenciesMs), ...cpu };
    },
  );
  return { name, rounds: measured, curves: keeper.curves() };
}
