// One load on one target with the CPU that it cost, and the figures that every latency gives.
import { type CpuReading, cpuPerUnit } from "./cpu/cpu-meter.js";
import type { ClosedResult, OpenResult } from "./load/loads.js";
import { cpuOf, type Figures } from "./scenario.js";
import { percentile, sortSamples } from "./statistics.js";
import type { Target, World } from "./world.js";

/** Runs a load and gives its result with CPU µs a unit, as `unitsOf` counts them. */
export async function meterLoad<Result>(
  { readTools, settleMs }: Pick<World, "readTools" | "settleMs">,
  target: Target,
  unitsOf: (result: Result) => number,
  run: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly cpu: Figures }> {
  const before = { own: target.meter(), tools: readTools() };
  const result = await run();
  // Rows are copied in batches: what a round's requests cost in lanes and Postgres ends a moment after the round.
  if (target.kind === "loom" || target.kind === "peer") {
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
  const units = unitsOf(result);
  const spent = (from: CpuReading, to: CpuReading): CpuReading => cpuPerUnit(from, to, units);
  return { result, cpu: { ...cpuOf(spent(before.own, target.meter())), ...spent(before.tools, readTools()) } };
}

/**
 * `floor` is the 1st percentile: other programs on the machine make requests slower, never faster, so it is what a
 * change of the code moves and a noisy neighbour does not.
 */
export function latencyFigures(samplesMs: Float64Array): Figures {
  const sorted = sortSamples(samplesMs);
  return {
    floor: percentile(sorted, 0.01),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
  };
}

/**
 * What makes the figures of a load worthless, in words, or null. An open loop goes on whether the machine keeps up or
 * not, so there an answer that is only late is a figure and no fault.
 */
export function faultOf(result: ClosedResult | OpenResult, requests: number): string | null {
  const late = result.kind === "open" ? result.unanswered - result.broken : 0;
  const good = (result.statuses[200] ?? 0) + late;
  if (good === requests) return null;
  const others = Object.entries(result.statuses).filter(([status]) => status !== "200");
  const counts = [...others.map(([status, count]) => `${count} × ${status}`), `${result.unanswered - late} unanswered`];
  return `${requests - good} of ${requests} requests failed (${counts.join(", ")})`;
}

/** Faults of peers are theirs: they are told, and do not make a run of Loom worthless. */
export class FaultList {
  readonly faults: string[] = [];
  readonly notes: string[] = [];

  add(target: Target, fault: string | null): void {
    if (fault === null) return;
    const list = target.kind === "peer" ? this.notes : this.faults;
    const line = `${target.name}: ${fault}`;
    // The same in every round is one thing to say.
    if (!list.includes(line)) list.push(line);
  }
}
