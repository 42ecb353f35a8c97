// One run: a world, the scenarios in it one after the other, and what they gave. The tables are told as they come.
import type { BenchArguments } from "./arguments.js";
import { watchForeignLoad } from "./cpu/foreign-load.js";
import { bifrost } from "./peers/bifrost.js";
import { classic } from "./peers/classic.js";
import { litellm } from "./peers/litellm.js";
import { describePeer } from "./peers/peer.js";
import { portkey } from "./peers/portkey.js";
import type { Machine } from "./report/machine.js";
import type { RunRecord } from "./report/results.js";
import type { Effort, Scenario, ScenarioResult } from "./scenario.js";
import { startWorld, type World } from "./world.js";

export type RunOptions = {
  readonly args: BenchArguments;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string>>;
  readonly peersHome: string;
  readonly preload: URL | null;
  /** A line, or a finished scenario. */
  readonly say: (line: string) => void;
  readonly tell: (result: ScenarioResult) => void;
};

const efforts = { quick: { rounds: 3, scale: 0.2 }, full: { rounds: 5, scale: 1 } } as const;
const settleMs = { quick: 250, full: 700 } as const;
/** When this has passed since the start, no further scenario begins: a run ends in time on a slow machine as well. */
const secondsMax = { quick: 50, full: 530 } as const;
const targetsOwn = 3;

export async function runScenarios(options: RunOptions): Promise<RunRecord> {
  const { args, settings, machine, say } = options;
  const startMs = performance.now();
  const world = await startWorld({
    settings,
    profileFolder: args.profile,
    preload: options.preload,
    probe: false,
    peers: args.peers ? [classic, litellm, portkey, bifrost] : [],
    peersHome: options.peersHome,
    settleMs: settleMs[args.kind],
  });
  const interrupt = (): void => void world.stop().then(() => process.exit(130));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    const peers = world.peers.map(describePeer);
    for (const line of peers) say(line);
    if (!world.targets.some(({ kind }) => kind === "nginx"))
      say("nginx is not installed: no comparison with a bare proxy (apt-get install nginx-light).");
    // More targets take more time.
    const factor = Math.max(1, world.targets.length / targetsOwn);
    const readForeignShare = watchForeignLoad(process.pid);
    const lastStartMs = startMs + secondsMax[args.kind] * 1000 * factor;
    const results = await runAll(world, options, { lastStartMs, factor });
    const peerNames = world.targets.filter(({ kind }) => kind === "peer").map(({ name }) => name);
    const foreignShare = readForeignShare();
    const circumstances = { at: new Date().toISOString(), kind: args.kind, machine, foreignShare, settings };
    return { ...circumstances, peers, peerNames, results };
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await world.stop();
  }
}

async function runAll(
  world: World,
  { args, say, tell }: RunOptions,
  { lastStartMs, factor }: { lastStartMs: number; factor: number },
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const scenario of args.chosen) {
    if (!args.named && performance.now() > lastStartMs) {
      say(`Time is up: ${scenario.name} was left out. By name it runs alone.`);
      continue;
    }
    const result = await scenario.run(world, effortOf(scenario, args, factor));
    results.push(result);
    tell(result);
  }
  return results;
}

function effortOf({ seconds }: Scenario, { kind, soakSeconds, named }: BenchArguments, factor: number): Effort {
  const ownSeconds = seconds[kind] ?? seconds.full;
  // Somebody who names a scenario waits for all of its rounds.
  const deadlineMs = named ? Number.POSITIVE_INFINITY : performance.now() + ownSeconds * 1000 * factor;
  return { kind, ...efforts[kind], deadlineMs, soakSeconds };
}
