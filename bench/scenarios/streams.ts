// `streams`: many paced streams at once, as clients of a chat model have them. What counts is when the first byte comes,
// whether events keep the pace at which the provider sent them, and whether any byte was changed.
import { streamBody } from "../load/bodies.js";
import type { StreamsResult } from "../load/loads.js";
import { FaultList, meterLoad } from "../measure.js";
import {
  type Case,
  type Column,
  CurveKeeper,
  cpuColumns,
  cpuGuards,
  type Figures,
  runRounds,
  type Scenario,
} from "../scenario.js";
import { percentile, sortSamples } from "../statistics.js";
import { loadOf, type Target, type World } from "../world.js";

const streamCounts = { quick: [50], full: [50, 200, 500, 1000] } as const;
const secondsOf = { quick: 1, full: 2 } as const;
/** Rounds of each count: four counts take four times as long as one. */
const roundsMax = 3;
const tokensPerSecond = 20;
const paceMs = 1000 / tokensPerSecond;
const startOverMs = { quick: 500, full: 1000 } as const;
const timeoutMs = 30_000;
/** An event that comes twice its pace after the one before it was held up by somebody. */
const stallMs = 2 * paceMs;

const columns: readonly Column[] = [
  { key: "first50", heading: "first byte p50 ms", digits: 2 },
  { key: "first99", heading: "p99 ms", digits: 2 },
  { key: "first50", heading: "added p50", digits: 2, against: "added" },
  { key: "first99", heading: "added p99", digits: 2, against: "added" },
  { key: "gap99", heading: `gap p99 ms (pace ${paceMs})`, digits: 1 },
  { key: "stalls", heading: "stalls", digits: 0 },
  { key: "perSecond", heading: "events/s", digits: 0 },
  ...cpuColumns,
];

/** The budget of DESIGN.md section 10 is for 500; more are measured to see what happens. */
const budgetedCounts = streamCounts.full.filter((count) => count <= 500).map(String);

export const streams: Scenario = {
  name: "streams",
  says: "50, 200, 500 and 1,000 paced streams: first bytes, gaps, stalls, CPU of each event",
  seconds: { quick: 10, full: 130 },
  async run(world, effort) {
    const { kind } = effort;
    const rounds = Math.min(effort.rounds, roundsMax);
    const list = new FaultList();
    const cases: Case[] = [];
    const body = streamBody(tokensPerSecond * secondsOf[kind], tokensPerSecond);
    for (const target of world.targets)
      await drive(world, target, { count: 20, startOverMs: 100, body: streamBody(20, 2000) });
    for (const count of streamCounts[kind]) {
      const keeper = new CurveKeeper();
      const digests = new Set<string>();
      const measured = await runRounds(world.targets, { ...effort, rounds }, async (target) => {
        const { result, cpu } = await meterLoad(
          world,
          target,
          ({ events }) => Math.max(1, events),
          () => drive(world, target, { count, startOverMs: startOverMs[kind], body }),
        );
        for (const [failure, times] of Object.entries(result.failures)) {
          list.add(target, `${times} of ${count} streams: ${failure}`);
        }
        // A peer writes events of its own; nginx and Loom pass what they get.
        if (target.kind !== "peer") for (const digest of Object.keys(result.digests)) digests.add(digest);
        keeper.add(target.name, result.firstByteMs);
        return { ...figuresOf(result), ...cpu };
      });
      if (digests.size > 1) list.faults.push(`${count}: the bytes of the streams differ (${digests.size} bodies)`);
      cases.push({ name: `${count}`, rounds: measured, curves: keeper.curves() });
    }
    return {
      name: "streams",
      title: "paced streams, by their number",
      columns,
      cases,
      guarded: cpuGuards,
      budgets: [
        { key: "first50", addedMsMax: 20, held: "calm", cases: budgetedCounts },
        { key: "first99", addedMsMax: 20, held: "full", cases: budgetedCounts },
      ],
      notes: [
        `Begun over ${startOverMs[kind]} ms, an event every ${paceMs} ms for ${secondsOf[kind]} s; a stall is a gap over ${stallMs} ms. CPU is µs an event.`,
        ...(list.faults.length === 0 ? ["Every stream had the same bytes on every way."] : []),
        ...list.notes,
      ],
      faults: list.faults,
    };
  },
};

export function figuresOf(result: StreamsResult): Figures {
  const firstByte = sortSamples(result.firstByteMs);
  const gaps = sortSamples(result.gapsMs);
  return {
    first50: percentile(firstByte, 0.5),
    first99: percentile(firstByte, 0.99),
    gap99: percentile(gaps, 0.99),
    stalls: gaps.reduce((count, gap) => count + (gap > stallMs ? 1 : 0), 0),
    perSecond: (result.events * 1000) / result.elapsedMs,
    startLateness99: percentile(sortSamples(result.startLatenessMs), 0.99),
  };
}

type Drive = { readonly count: number; readonly startOverMs: number; readonly body: string };

function drive(world: World, target: Target, { count, body, ...rest }: Drive): Promise<StreamsResult> {
  return world.generator.run({ kind: "streams", ...loadOf(target, body), ...rest, streams: count, timeoutMs });
}
