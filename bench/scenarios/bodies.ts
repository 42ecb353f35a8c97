// `bodies`: requests of 1 KB to 1 MB, and pictures in base64. What a byte costs shows in the larger ones. Then the
// question whether large ones hold up small ones.
import { imageBody, largeBody, plainBody } from "../load/bodies.js";
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

type BodyKind = {
  readonly name: string;
  readonly body: () => string;
  readonly requests: number;
  readonly quick: boolean;
};

const KB = 1000;
const bodyKinds: readonly BodyKind[] = [
  { name: "1 KB", body: () => largeBody(KB), requests: 600, quick: false },
  { name: "10 KB", body: () => largeBody(10 * KB), requests: 500, quick: true },
  { name: "100 KB", body: () => largeBody(100 * KB), requests: 200, quick: false },
  { name: "1 MB", body: () => largeBody(1000 * KB), requests: 50, quick: true },
  { name: "2 images", body: () => imageBody(2, 300 * KB), requests: 50, quick: false },
];
const roundsMax = 3;
const timeoutMs = 60_000;

/** Small requests beside large ones, both in an open loop. */
const beside = { small: 200, large: 50, seconds: 5, connectionsMax: 256, timeoutMs: 10_000 } as const;

const columns: readonly Column[] = [
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  { key: "p50", heading: "added p50", digits: 2, against: "added" },
  { key: "p99", heading: "added p99", digits: 2, against: "added" },
  ...cpuColumns,
];

export const bodies: Scenario = {
  name: "bodies",
  says: "bodies of 1 KB to 1 MB and images, one connection; small requests beside 1 MB bodies at 50/s",
  seconds: { quick: 5, full: 80 },
  async run(world, effort) {
    const list = new FaultList();
    const cases: Case[] = [];
    for (const kind of bodyKinds.filter(({ quick }) => quick || effort.kind === "full"))
      cases.push(await measureKind(world, effort, kind, list));
    if (effort.kind === "full") cases.push(await measureBeside(world, effort, list));
    return {
      name: "bodies",
      title: "requests by the size of their body, one connection",
      columns,
      cases,
      guarded: [{ key: "floor", against: "direct", better: "lower", held: "full" }, ...cpuGuards],
      budgets: [{ key: "p50", addedMsMax: 20, held: "full" }],
      notes: [
        `${besideName}: 1 KB requests at ${beside.small}/s while 1 MB bodies come at ${beside.large}/s; the aim is a p99 under 5 ms.`,
        ...list.notes,
      ],
      faults: list.faults,
    };
  },
};

const besideName = "beside 1 MB";

async function measureKind(
  world: World,
  effort: Effort,
  { name, body, requests: requestsFull }: BodyKind,
  list: FaultList,
): Promise<Case> {
  const keeper = new CurveKeeper();
  const text = body();
  const requests = Math.max(20, Math.round(requestsFull * effort.scale));
  const drive = (target: Target, count: number): Promise<ClosedResult> =>
    world.generator.run({ kind: "closed", ...loadOf(target, text), connections: 1, requests: count, timeoutMs });
  for (const target of world.targets) await drive(target, 5);
  const measured = await runRounds(
    world.targets,
    { ...effort, rounds: Math.min(effort.rounds, roundsMax) },
    async (target) => {
      const { result, cpu } = await meterLoad(
        world,
        target,
        () => requests,
        () => drive(target, requests),
      );
      list.add(target, faultOf(result, requests));
      keeper.add(target.name, result.latenciesMs);
      return { ...latencyFigures(result.latenciesMs), ...cpu };
    },
  );
  return { name, rounds: measured, curves: keeper.curves() };
}

async function measureBeside(world: World, effort: Effort, list: FaultList): Promise<Case> {
  const keeper = new CurveKeeper();
  const large = largeBody(1000 * KB);
  const { seconds, connectionsMax } = beside;
  const shape = { kind: "open", durationMs: seconds * 1000, connectionsMax, timeoutMs: beside.timeoutMs } as const;
  const rounds = await runRounds(ownTargets(world), { ...effort, rounds: 1 }, async (target) => {
    const beneath = world.background.run({ ...shape, ...loadOf(target, large), perSecond: beside.large });
    const result = await world.generator.run({ ...shape, ...loadOf(target, plainBody()), perSecond: beside.small });
    const largeResult = await beneath;
    list.add(target, faultOf(largeResult, largeResult.offered));
    list.add(target, faultOf(result, result.offered));
    keeper.add(target.name, result.latenciesMs);
    return latencyFigures(result.latenciesMs);
  });
  return { name: besideName, rounds, curves: keeper.curves() };
}
