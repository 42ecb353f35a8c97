// `record`: as many traced requests as fit, then the question that counts: does Postgres have one row for each? And what
// a trace costs by stage, how old the newest row is at a steady rate, and what sealing one body takes.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuPerUnit, readHoldings } from "../cpu/cpu-meter.js";
import { shareOut, sumStages } from "../cpu/profile-stages.js";
import type { CpuProfile } from "../cpu/profile-summary.js";
import { plainBody } from "../load/bodies.js";
import { faultOf } from "../measure.js";
import { type Case, type Column, cpuColumns, cpuOf, type Effort, type Figures, type Scenario } from "../scenario.js";
import { timeSealing } from "../seal-time.js";
import { percentile, sortSamples } from "../statistics.js";
import { loadOf, type Target, type World } from "../world.js";
import { waitForRows } from "./wait-for-rows.js";

const requestsFull = 20_000;
const connections = 32;
const requestsAtOnce = 10_000;
const timeoutMs = 60_000;
const megabyte = 1024 * 1024;
const steady = { perSecond: 1000, seconds: 5, pollMs: 20 } as const;
const profiledRequests = 5000;
const stagesShown = 10;
const sealedBytes = 2000;

const columns: readonly Column[] = [
  { key: "sent", heading: "sent", digits: 0 },
  { key: "found", heading: "rows found", digits: 0 },
  { key: "perSecond", heading: "requests/s", digits: 0 },
  { key: "rowsPerSecond", heading: "rows/s", digits: 0 },
  { key: "drainMs", heading: "drain ms", digits: 0 },
  { key: "lag50", heading: "lag p50 ms", digits: 0 },
  { key: "lag99", heading: "lag p99 ms", digits: 0 },
  { key: "rssBeforeMb", heading: "RSS before MB", digits: 0 },
  { key: "rssAfterMb", heading: "after MB", digits: 0 },
  { key: "rssPeakMb", heading: "peak MB", digits: 0 },
  ...cpuColumns.filter(({ against }) => against === undefined),
];

export const record: Scenario = {
  name: "record",
  says: "rows a second sealed and copied, CPU of a trace by stage, lag, memory",
  seconds: { quick: 6, full: 40 },
  async run(world, effort) {
    const requests = Math.round(requestsFull * effort.scale);
    const faults: string[] = [];
    const cases: Case[] = [{ name: "burst", rounds: { loom: [await measureBurst(world, requests, faults)] } }];
    cases.push({ name: "steady", rounds: { loom: [await measureSteady(world, effort, faults)] } });
    const stages = effort.kind === "full" ? await profileStages(world) : [];
    const seal = timeSealing(sealedBytes);
    return {
      name: "record",
      title: `${requests} traced requests over ${connections} connections, then ${steady.perSecond} a second`,
      columns,
      cases,
      guarded: [],
      budgets: [],
      notes: [
        "Memory is that of the gateway's process with its lanes. Drain is the time from the last answer to the last row; lag is the age of the newest row.",
        `Sealing one body of ${sealedBytes} bytes: ${seal.p50Us.toFixed(1)} µs (p50), ${seal.p99Us.toFixed(1)} µs (p99), on the bench's own thread.`,
        ...stages,
      ],
      faults,
    };
  },
};

async function measureBurst(world: World, requests: number, faults: string[]): Promise<Figures> {
  await waitForRows(world.loom, Number.POSITIVE_INFINITY);
  const target = loomOf(world);
  const rowsBefore = await world.loom.database.read();
  const rssBefore = readHoldings(world.loom).rssBytes;
  const before = target.meter();
  const startMs = performance.now();
  const good = await sendAll(world, target, requests, faults);
  const sentMs = performance.now();
  const found = (await waitForRows(world.loom, rowsBefore + good)) - rowsBefore;
  const endMs = performance.now();
  if (found !== good) faults.push(`${good} requests were answered and ${found} rows found`);
  const memory = readHoldings(world.loom);
  return {
    sent: good,
    found,
    perSecond: (good * 1000) / (sentMs - startMs),
    rowsPerSecond: (found * 1000) / (endMs - startMs),
    drainMs: endMs - sentMs,
    rssBeforeMb: rssBefore / megabyte,
    rssAfterMb: memory.rssBytes / megabyte,
    rssPeakMb: memory.rssPeakBytes / megabyte,
    ...cpuOf(cpuPerUnit(before, target.meter(), good)),
  };
}

/** In pieces, so that the samples of a long run need no memory. */
async function sendAll(world: World, target: Target, requests: number, faults: string[]): Promise<number> {
  let good = 0;
  for (let sent = 0; sent < requests; sent += requestsAtOnce) {
    const piece = Math.min(requestsAtOnce, requests - sent);
    const load = { kind: "closed", ...loadOf(target, plainBody()), connections, requests: piece, timeoutMs } as const;
    const result = await world.generator.run(load);
    good += result.statuses[200] ?? 0;
    const fault = faultOf(result, piece);
    if (fault !== null) faults.push(fault);
  }
  return good;
}

async function measureSteady(world: World, { scale }: Effort, faults: string[]): Promise<Figures> {
  const target = loomOf(world);
  const rowsBefore = await world.loom.database.read();
  const before = target.meter();
  const durationMs = Math.max(1, steady.seconds * scale) * 1000;
  const shape = {
    kind: "open",
    perSecond: steady.perSecond,
    durationMs,
    connectionsMax: 256,
    timeoutMs: 5000,
  } as const;
  const ages: number[] = [];
  let isRunning = true;
  const running = world.generator.run({ ...shape, ...loadOf(target, plainBody()) }).finally(() => (isRunning = false));
  // The first rows are those of before; they say nothing about the lag.
  await sleep(durationMs / 4);
  while (isRunning) {
    ages.push(await world.loom.database.readAgeMs());
    await sleep(steady.pollMs);
  }
  const result = await running;
  const fault = faultOf(result, result.offered);
  if (fault !== null) faults.push(fault);
  const good = result.statuses[200] ?? 0;
  const found = (await waitForRows(world.loom, rowsBefore + good)) - rowsBefore;
  // What the generator gave up waiting for has rows as well.
  if (found < good) faults.push(`${good} requests were answered and ${found} rows found`);
  const sorted = sortSamples(ages);
  return {
    sent: good,
    found,
    perSecond: (good * 1000) / result.elapsedMs,
    lag50: percentile(sorted, 0.5),
    lag99: percentile(sorted, 0.99),
    ...cpuOf(cpuPerUnit(before, target.meter(), good)),
  };
}

/** In a Loom of its own: a profile slows down what it looks at, so only the shares are taken from it. */
async function profileStages(world: World): Promise<string[]> {
  const profileFolder = mkdtempSync(join(tmpdir(), "loom-bench-profile-"));
  const loom = await world.startLoom("profiled", { profileFolder });
  const before = loom.target.meter();
  const load = { kind: "closed", ...loadOf(loom.target, plainBody()), connections, timeoutMs } as const;
  await world.generator.run({ ...load, requests: profiledRequests });
  await waitForRows(loom, Number.POSITIVE_INFINITY);
  const cpu = cpuPerUnit(before, loom.target.meter(), profiledRequests);
  await loom.stop();
  const threads = readdirSync(profileFolder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .map((name) => sumStages(JSON.parse(readFileSync(join(profileFolder, name), "utf8")) as CpuProfile));
  rmSync(profileFolder, { recursive: true });
  const isMain = (stages: ReadonlyMap<string, number>): boolean => stages.has("src/listen");
  const isLane = (stages: ReadonlyMap<string, number>): boolean => stages.has("workers/seal");
  return [
    describeStages("Main thread", joinStages(threads.filter(isMain)), cpu["main"] ?? 0),
    describeStages("Lanes", joinStages(threads.filter((one) => isLane(one) && !isMain(one))), cpu["lanes"] ?? 0),
  ];
}

function joinStages(threads: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const stages of threads) for (const [stage, ms] of stages) sums.set(stage, (sums.get(stage) ?? 0) + ms);
  return sums;
}

function describeStages(title: string, stages: ReadonlyMap<string, number>, perTrace: number): string {
  const parts = shareOut(stages, perTrace).slice(0, stagesShown);
  return `${title}, µs a trace by stage (profiled): ${parts.map(([stage, us]) => `${stage} ${us.toFixed(1)}`).join(", ")}.`;
}

function loomOf(world: World): Target {
  const target = world.targets.find(({ name }) => name === "loom");
  if (target === undefined) throw new Error("Loom does not run");
  return target;
}
