// `tenants`: 10,000 keys of as many tenants. The first request of each key asks Postgres and derives the tenant's keys;
// the second one finds both in caches. The difference is what a cold cache costs.
import { plainBody } from "../load/bodies.js";
import { makeTenants } from "../many-tenants.js";
import { FaultList, faultOf, latencyFigures, meterLoad } from "../measure.js";
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
import { loadOf, ownTargets, type Target } from "../world.js";

const keysFull = 10_000;
const connections = 8;
const timeoutMs = 60_000;

const columns: readonly Column[] = [
  { key: "perSecond", heading: "requests/s", digits: 0 },
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  { key: "p50", heading: "added p50", digits: 2, against: "added" },
  { key: "p99", heading: "added p99", digits: 2, against: "added" },
  ...cpuColumns,
];

export const tenants: Scenario = {
  name: "tenants",
  says: "10,000 keys of 10,000 tenants, their caches cold and warm",
  seconds: { quick: 6, full: 45 },
  async run(world, effort) {
    const { rounds, scale } = effort;
    const list = new FaultList();
    const count = Math.round((keysFull * Math.min(1, scale)) / rounds) * rounds;
    const keys = await makeTenants(world.loom.databaseUrl, count);
    const share = count / rounds;
    const drive = async (target: Target, round: number): Promise<{ figures: Figures; latenciesMs: Float64Array }> => {
      const own = keys.slice(round * share, (round + 1) * share);
      const load = { ...loadOf(target, plainBody()), keys: own, connections, requests: share, timeoutMs };
      const { result, cpu } = await meterLoad(
        world,
        target,
        () => share,
        () => world.generator.run({ kind: "keyed", ...load }),
      );
      list.add(target, faultOf(result, share));
      const perSecond = (result.latenciesMs.length * 1000) / result.elapsedMs;
      return { figures: { perSecond, ...latencyFigures(result.latenciesMs), ...cpu }, latenciesMs: result.latenciesMs };
    };
    const cases: Case[] = [];
    for (const name of ["cold", "warm"]) {
      const keeper = new CurveKeeper();
      const measured = await runRounds(ownTargets(world), effort, async (target, round) => {
        const { figures, latenciesMs } = await drive(target, round);
        keeper.add(target.name, latenciesMs);
        return figures;
      });
      cases.push({ name, rounds: measured, curves: keeper.curves() });
    }
    return {
      name: "tenants",
      title: `${count} keys, a request of each over ${connections} connections`,
      columns,
      cases,
      guarded: [{ key: "floor", against: "direct", better: "lower", held: "full" }, ...cpuGuards],
      budgets: [{ key: "p50", addedMsMax: 20, held: "full" }],
      notes: [`Each round has ${share} keys that no round before it had. CPU is µs a request.`, ...list.notes],
      faults: list.faults,
    };
  },
};
