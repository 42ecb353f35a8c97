// `soak`: 1,000 requests a second for long, on a Loom of its own. Memory, heap, descriptors and the delay of the event
// loop must be as flat at the end as after the first part, in which caches fill and code is compiled.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readHoldings } from "../cpu/cpu-meter.js";
import { plainBody } from "../load/bodies.js";
import type { OpenResult } from "../load/loads.js";
import { FaultList, faultOf, latencyFigures, meterLoad } from "../measure.js";
import type { ProbeLine } from "../processes/probe-thread.js";
import { type Column, cpuColumns, type Figures, type Guarded, type Scenario } from "../scenario.js";
import { median } from "../statistics.js";
import { loadOf } from "../world.js";
import { waitForRows } from "./wait-for-rows.js";

const perSecond = 1000;
const connectionsMax = 256;
const timeoutMs = 10_000;
const sampleMs = 1000;
/** So many parts of equal length; each is a row of the table. */
const partCount = 5;
const guardedSecondsMin = 300;
const megabyte = 1024 * 1024;
const growthGuards: readonly Guarded[] = [
  { key: "growth", against: "own", better: "lower", held: "full" },
  { key: "descriptorGrowth", against: "own", better: "lower", held: "full" },
];

const columns: readonly Column[] = [
  { key: "rssMb", heading: "RSS MB", digits: 0 },
  { key: "heapMb", heading: "main heap MB", digits: 1 },
  { key: "laneHeapMb", heading: "lanes heap MB", digits: 1 },
  { key: "descriptors", heading: "descriptors", digits: 0 },
  { key: "delay99", heading: "loop delay p99 ms", digits: 2 },
  { key: "delayMax", heading: "max ms", digits: 1 },
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  { key: "growth", heading: "last / second part", digits: 2 },
  { key: "descriptorGrowth", heading: "descriptors", digits: 2 },
  ...cpuColumns.filter(({ against }) => against === undefined),
];

export type SoakSample = { readonly atMs: number; readonly rssBytes: number; readonly descriptors: number };

export const soak: Scenario = {
  name: "soak",
  says: "1,000 requests a second for 10 minutes: RSS, heap, event-loop delay, descriptors",
  seconds: { quick: null, full: 60 },
  async run(world, { soakSeconds }) {
    const list = new FaultList();
    const loom = await world.startLoom("soak", { probe: true });
    const samples: SoakSample[] = [];
    const startMs = Date.now();
    let isRunning = true;
    const load = { kind: "open", ...loadOf(loom.target, plainBody()), perSecond, connectionsMax, timeoutMs } as const;
    const running = meterLoad(
      world,
      loom.target,
      ({ offered }) => offered,
      () => world.generator.run({ ...load, durationMs: soakSeconds * 1000 }).finally(() => (isRunning = false)),
    );
    while (isRunning) {
      samples.push({ atMs: Date.now(), ...readHoldings(loom) });
      await sleep(sampleMs);
    }
    const { result, cpu } = await running;
    const endMs = Date.now();
    list.add(loom.target, faultOf(result, result.offered));
    const good = result.statuses[200] ?? 0;
    const found = await waitForRows(loom, good);
    if (found < good) list.faults.push(`${good} requests were answered and ${found} rows found`);
    const lines = loom.probeFolder === null ? [] : readProbe(loom.probeFolder);
    await loom.stop();
    const parts = splitSoak({ samples, lines, startMs, endMs }, partCount);
    const whole = { ...growthOf(parts), ...wholeFigures(result), ...cpu };
    return {
      name: "soak",
      title: `${perSecond} requests a second for ${soakSeconds} s, ${good} answered, ${found} rows`,
      columns,
      cases: [
        ...parts.map((figures, at) => ({ name: `part ${at + 1}`, rounds: { loom: [figures] } })),
        { name: "whole", rounds: { loom: [whole] } },
      ],
      // In half a minute memory only shows how caches fill.
      guarded: soakSeconds < guardedSecondsMin ? [] : growthGuards,
      budgets: [],
      notes: [
        `Medians of ${Math.round(soakSeconds / partCount)} s each. RSS is that of the gateway with its lanes, without Postgres.`,
        ...list.notes,
      ],
      faults: list.faults,
    };
  },
};

function wholeFigures(result: OpenResult): Figures {
  return latencyFigures(result.latenciesMs);
}

type SoakRecord = {
  readonly samples: readonly SoakSample[];
  readonly lines: readonly ProbeLine[];
  readonly startMs: number;
  readonly endMs: number;
};

/** The medians of each part; the longest delay of its event loop. */
export function splitSoak({ samples, lines, startMs, endMs }: SoakRecord, parts: number): Figures[] {
  const partMs = (endMs - startMs) / parts;
  const within =
    (at: number) =>
    ({ atMs }: { readonly atMs: number }): boolean =>
      atMs >= startMs + at * partMs && atMs < startMs + (at + 1) * partMs;
  return Array.from({ length: parts }, (_, at) => {
    const own = samples.filter(within(at));
    const main = lines.filter((line) => line.thread === "main" && within(at)(line));
    const lanes = lines.filter((line) => line.thread === "worker" && within(at)(line));
    return {
      rssMb: median(own.map(({ rssBytes }) => rssBytes)) / megabyte,
      descriptors: median(own.map(({ descriptors }) => descriptors)),
      heapMb: median(main.map(({ heapBytes }) => heapBytes)) / megabyte,
      laneHeapMb: median(lanes.map(({ heapBytes }) => heapBytes)) / megabyte,
      delay99: median(main.map(({ delayP99Ms }) => delayP99Ms)),
      delayMax: Math.max(...main.map(({ delayMaxMs }) => delayMaxMs)),
    };
  });
}

/** The last part against the second: the first one fills caches. */
export function growthOf(parts: readonly Figures[]): Figures {
  const ratio = (key: string): number => (parts.at(-1)?.[key] ?? Number.NaN) / (parts[1]?.[key] ?? Number.NaN);
  return { growth: ratio("rssMb"), descriptorGrowth: ratio("descriptors") };
}

function readProbe(folder: string): ProbeLine[] {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as ProbeLine),
  );
}
