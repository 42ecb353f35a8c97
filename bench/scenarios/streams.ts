// `streams`: many paced streams at once, as clients of a chat model have them. What counts is when the first byte comes,
// whether events keep the pace at which the provider sent them, and whether any byte was changed.
import { setTimeout as sleep } from "node:timers/promises";
import { streamBody } from "../bodies.js";
import { cpuPerUnit } from "../cpu-meter.js";
import type { StreamsResult } from "../loads.js";
import { type Column, cpuColumns, cpuOf, type Figures, runRounds, type Scenario } from "../scenario.js";
import { percentile, sortSamples } from "../statistics.js";
import type { Target, World } from "../world.js";

const streamsFull = 200;
const tokensPerSecond = 20;
const paceMs = 1000 / tokensPerSecond;
const streamSeconds = 3;
const startOverMs = 1000;
const timeoutMs = 30_000;
const settleMs = 700;
/** An event that comes twice its pace after the one before it was held up by somebody. */
const stallMs = 2 * paceMs;

const columns: readonly Column[] = [
  { key: "first50", heading: "first byte p50 ms", digits: 2 },
  { key: "first99", heading: "p99 ms", digits: 2 },
  { key: "first50", heading: "added p50", digits: 2, against: "added" },
  { key: "first99", heading: "added p99", digits: 2, against: "added" },
  { key: "gap99", heading: "gap p99 ms", digits: 1 },
  { key: "stalls", heading: "stalls", digits: 0 },
  { key: "perSecond", heading: "events/s", digits: 0 },
  ...cpuColumns,
];

export const pacedStreams: Scenario = {
  name: "streams",
  async run(world, { rounds, scale }) {
    const faults: string[] = [];
    const digests = new Set<string>();
    const seconds = scale < 0.5 ? 1 : streamSeconds;
    const body = streamBody(tokensPerSecond * seconds, tokensPerSecond);
    // Cold code and first connections are no way's fault, and they would show in the first round only.
    for (const target of world.targets) await drive(world, target, streamBody(tokensPerSecond, tokensPerSecond));
    const measured = await runRounds(world.targets, rounds, async (target) => {
      const before = world.readCpu();
      const result = await drive(world, target, body);
      if (target.name === "loom") await sleep(settleMs);
      const cpu = cpuPerUnit(before, world.readCpu(), result.events);
      for (const [failure, count] of Object.entries(result.failures)) {
        faults.push(`${target.name}: ${count} streams: ${failure}`);
      }
      for (const digest of Object.keys(result.digests)) digests.add(digest);
      return { ...figuresOf(result), ...cpuOf(target.name, cpu), mock: cpu.mock, generator: cpu.generator };
    });
    if (digests.size !== 1) faults.push(`the bytes of the streams differ: ${digests.size} different bodies`);
    const notes = [
      `${streamsFull} streams begun over ${startOverMs} ms, an event every ${paceMs} ms for ${seconds} s; a stall is a gap over ${stallMs} ms.`,
      `CPU is µs an event.${digests.size === 1 ? " Every stream had the same bytes on every way." : ""}`,
    ];
    const title = `${streamsFull} paced streams`;
    return { name: "streams", title, columns, rounds: measured, notes, faults };
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

function drive(world: World, { url, key }: Target, body: string): Promise<StreamsResult> {
  return world.generator.run({ kind: "streams", url, key, body, streams: streamsFull, startOverMs, timeoutMs });
}
