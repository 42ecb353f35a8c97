// `rate`: an open loop, as many clients make it that do not wait for one another: 1,000 requests a second in rounds, then
// more and more until requests fail or the slowest hundredth takes too long.
import { plainBody } from "../load/bodies.js";
import type { OpenResult } from "../load/loads.js";
import { FaultList, faultOf, latencyFigures, meterLoad } from "../measure.js";
import {
  type Case,
  type Column,
  CurveKeeper,
  cpuColumns,
  type Effort,
  type Figures,
  type Rounds,
  runRounds,
  type Scenario,
} from "../scenario.js";
import { percentile, sortSamples } from "../statistics.js";
import { loadOf, type Target, type World } from "../world.js";

const firstRate = 1000;
const laterRates = { quick: [], full: [2000, 3000, 4000, 5000, 6000, 8000, 10_000] } as const;
const secondsFull = 3;
const roundsMax = 3;
const connectionsMax = 512;
const timeoutMs = 5000;
/** What a rate may cost: the budget of DESIGN.md section 10, of which the direct way has its part as well. */
const p99MsMax = 20;
/** A rate is sustained when the answers kept up with it; the rest is counting at the edges. */
const shareMin = 0.98;
/** Above, the generator itself is what is measured. */
const latenessMsMax = 2;

const columns: readonly Column[] = [
  { key: "perSecond", heading: "answers/s", digits: 0 },
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  { key: "p999", heading: "p99.9 ms", digits: 2 },
  { key: "p99", heading: "added p99", digits: 2, against: "added" },
  { key: "failed", heading: "failed", digits: 0 },
  { key: "lateness99", heading: "sent late p99", digits: 2 },
  { key: "sustained", heading: "sustained", digits: 0 },
  ...cpuColumns,
];

export const rate: Scenario = {
  name: "rate",
  says: "open loop at 1,000 requests a second and upwards until p99 or errors break",
  seconds: { quick: 9, full: 110 },
  async run(world, effort) {
    const list = new FaultList();
    const first = await measureFirst(world, effort, list);
    const cases = [first];
    const standing = new Set(world.targets.filter(({ name }) => isSustained(first.rounds, name)));
    for (const perSecond of laterRates[effort.kind]) {
      if (standing.size === 0 || performance.now() > effort.deadlineMs) break;
      const rounds = await runRounds([...standing], { ...effort, rounds: 1 }, (target) =>
        measure(world, target, perSecond, secondsFull),
      );
      for (const target of [...standing]) if (!isSustained(rounds, target.name)) standing.delete(target);
      cases.push({ name: nameRate(perSecond), rounds });
    }
    const highest = world.targets.map((target) => `${target.name} ${nameHighest(cases, target.name)}`);
    return {
      name: "rate",
      title: "1 KB requests, open loop",
      columns,
      cases,
      guarded: [
        { key: "floor", against: "direct", better: "lower", held: "calm" },
        { key: "p99", against: "direct", better: "lower", held: "full" },
      ],
      budgets: [
        // The rates above are there to find where it breaks.
        { key: "p50", addedMsMax: 20, held: "calm", cases: [first.name] },
        { key: "p99", addedMsMax: 20, held: "full", cases: [first.name] },
      ],
      notes: [
        `Latency counts from the time at which a request was due. Sustained: no error, p99 up to ${p99MsMax} ms, at least ${shareMin * 100} % answered in time.`,
        `Highest rate sustained: ${highest.join(", ")}.`,
        ...latenessNotes(cases),
        ...list.notes,
      ],
      faults: list.faults,
    };
  },
};

async function measureFirst(world: World, effort: Effort, list: FaultList): Promise<Case> {
  const keeper = new CurveKeeper();
  const seconds = Math.max(1, secondsFull * effort.scale);
  for (const target of world.targets) await drive(world, target, firstRate, 0.5);
  const rounds = Math.min(effort.rounds, roundsMax);
  const measured = await runRounds(world.targets, { ...effort, rounds }, (target) =>
    measure(world, target, firstRate, seconds, (result) => {
      list.add(target, faultOf(result, result.offered));
      keeper.add(target.name, result.latenciesMs);
    }),
  );
  return { name: nameRate(firstRate), rounds: measured, curves: keeper.curves() };
}

async function measure(
  world: World,
  target: Target,
  perSecond: number,
  seconds: number,
  tell: (result: OpenResult) => void = () => undefined,
): Promise<Figures> {
  const { result, cpu } = await meterLoad(
    world,
    target,
    ({ offered }) => offered,
    () => drive(world, target, perSecond, seconds),
  );
  tell(result);
  return { ...rateFigures(result, perSecond), ...cpu };
}

export function rateFigures(result: OpenResult, perSecond: number): Figures {
  const latency = latencyFigures(result.latenciesMs);
  const good = result.statuses[200] ?? 0;
  const answersPerSecond = (good * 1000) / result.elapsedMs;
  const keepsUp = good === result.offered && answersPerSecond >= perSecond * shareMin;
  return {
    ...latency,
    perSecond: answersPerSecond,
    failed: result.offered - good,
    lateness99: percentile(sortSamples(result.latenessMs), 0.99),
    sustained: keepsUp && (latency["p99"] ?? Number.POSITIVE_INFINITY) <= p99MsMax ? perSecond : Number.NaN,
  };
}

function drive(world: World, target: Target, perSecond: number, seconds: number): Promise<OpenResult> {
  const load = loadOf(target, plainBody());
  const durationMs = seconds * 1000;
  return world.generator.run({ kind: "open", ...load, perSecond, durationMs, connectionsMax, timeoutMs });
}

/** In the best of its rounds: one bad second of the machine ends no climb. */
function isSustained(rounds: Rounds, target: string): boolean {
  return (rounds[target] ?? []).some((figures) => (figures["sustained"] ?? Number.NaN) > 0);
}

function nameHighest(cases: readonly Case[], target: string): string {
  const last = cases.findLast(({ rounds }) => isSustained(rounds, target));
  return last?.name ?? `under ${nameRate(firstRate)}`;
}

function nameRate(perSecond: number): string {
  return `${perSecond.toLocaleString("en-US")}/s`;
}

function latenessNotes(cases: readonly Case[]): string[] {
  const late = cases.filter(({ rounds }) =>
    Object.values(rounds).some((list) => list.every((figures) => (figures["lateness99"] ?? 0) > latenessMsMax)),
  );
  if (late.length === 0) return [];
  const names = late.map(({ name }) => name).join(", ");
  return [`The generator itself was more than ${latenessMsMax} ms late in a hundredth of its requests at ${names}.`];
}
