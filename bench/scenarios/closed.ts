// `one` and `thirty-two`: plain requests over one connection, where only the added time shows, and over 32 connections,
// where the cost of each request decides how many there are.
import { setTimeout as sleep } from "node:timers/promises";
import { plainBody } from "../bodies.js";
import { cpuPerUnit } from "../cpu-meter.js";
import type { ClosedResult } from "../loads.js";
import { type Column, cpuColumns, cpuOf, type Figures, runRounds, type Scenario } from "../scenario.js";
import { percentile } from "../statistics.js";
import type { Target, World } from "../world.js";

const timeoutMs = 60_000;
/** Rows are copied in batches: what a round's requests cost in lanes and Postgres ends a moment after the round. */
const settleMs = 700;

const oneColumns: readonly Column[] = [
  { key: "p50", heading: "p50 ms", digits: 3 },
  { key: "p99", heading: "p99 ms", digits: 3 },
  { key: "p50", heading: "added p50", digits: 3, against: "added" },
  { key: "p99", heading: "added p99", digits: 3, against: "added" },
  ...cpuColumns,
];

const manyColumns: readonly Column[] = [
  { key: "perSecond", heading: "requests/s", digits: 0 },
  { key: "perSecond", heading: "of direct", digits: 2, against: "ratio" },
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  ...cpuColumns,
];

export const oneConnection = closedScenario({
  name: "one",
  title: "1 KB requests, one connection",
  connections: 1,
  requests: 2000,
  columns: oneColumns,
});

export const thirtyTwoConnections = closedScenario({
  name: "thirty-two",
  title: "1 KB requests, closed loop at 32 connections",
  connections: 32,
  requests: 10_000,
  columns: manyColumns,
});

type ClosedSettings = {
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  readonly requests: number;
  readonly columns: readonly Column[];
};

function closedScenario({ name, title, connections, requests: requestsFull, columns }: ClosedSettings): Scenario {
  return {
    name,
    async run(world, { rounds, scale }) {
      const faults: string[] = [];
      const requests = Math.max(connections, Math.round(requestsFull * scale));
      for (const target of world.targets) await drive(world, target, connections, requests);
      const measured = await runRounds(world.targets, rounds, (target) =>
        measure(world, target, connections, requests, faults),
      );
      const notes = [`${requests} requests a round and way. CPU is µs a request, by thread or process.`];
      return { name, title, columns, rounds: measured, notes, faults };
    },
  };
}

async function measure(
  world: World,
  target: Target,
  connections: number,
  requests: number,
  faults: string[],
): Promise<Figures> {
  const before = world.readCpu();
  const result = await drive(world, target, connections, requests);
  if (target.name === "loom") await sleep(settleMs);
  const cpu = cpuPerUnit(before, world.readCpu(), requests);
  const fault = faultOf(result, requests);
  if (fault !== null) faults.push(`${target.name}: ${fault}`);
  const sorted = result.latenciesMs.sort();
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    perSecond: (sorted.length * 1000) / result.elapsedMs,
    ...cpuOf(target.name, cpu),
    mock: cpu.mock,
    generator: cpu.generator,
  };
}

function drive(world: World, target: Target, connections: number, requests: number): Promise<ClosedResult> {
  const { url, key } = target;
  return world.generator.run({ kind: "closed", url, key, body: plainBody(), connections, requests, timeoutMs });
}

/** What makes the figures of a closed loop worthless, in words, or null. */
export function faultOf(result: ClosedResult, requests: number): string | null {
  const good = result.statuses[200] ?? 0;
  if (good === requests) return null;
  const others = Object.entries(result.statuses).filter(([status]) => status !== "200");
  const counts = [...others.map(([status, count]) => `${count} × ${status}`), `${result.unanswered} unanswered`];
  return `${requests - good} of ${requests} requests failed (${counts.join(", ")})`;
}
