// CPU of a lane or of the main thread by stage, from a .cpuprofile: a sample counts for the innermost folder of Loom on
// its stack, so that what crypto or pg did for a stage is the stage's. Pure.
import type { CpuProfile } from "./profile-summary.js";

/** Files of the main folders that stand for a stage of their own: `workers/lane.js` receives and decodes frames. */
const stageOf = /\/dist\/(src|workers)\/(?:([a-z-]+)\/)?[a-z0-9-]+\.js$/;
const names: Readonly<Record<string, string>> = {
  "(garbage collector)": "garbage collector",
  "(program)": "native code",
};

/** Stage -> ms; `workers/seal`, `src/forward`, `workers`, `garbage collector`, `native code`, `runtime`. Idle time is left out. */
export function sumStages(profile: CpuProfile): Map<string, number> {
  const parents = new Map<number, number>();
  for (const { id, children } of profile.nodes) for (const child of children ?? []) parents.set(child, id);
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const known = new Map<number, string | null>();
  const findStage = (id: number | undefined): string | null => {
    if (id === undefined) return null;
    const cached = known.get(id);
    if (cached !== undefined) return cached;
    const frame = frames.get(id);
    const own = stageOf.exec(frame?.url ?? "");
    const stage = own === null ? findStage(parents.get(id)) : own[2] === undefined ? own[1] : `${own[1]}/${own[2]}`;
    known.set(id, stage ?? null);
    return stage ?? null;
  };
  const sums = new Map<string, number>();
  profile.samples.forEach((id, at) => {
    const name = frames.get(id)?.functionName ?? "";
    if (name === "(idle)") return;
    const stage = names[name] ?? findStage(id) ?? "runtime";
    sums.set(stage, (sums.get(stage) ?? 0) + (profile.timeDeltas[at + 1] ?? 0) / 1000);
  });
  return sums;
}

/** Divides a thread's measured CPU as the samples say, since a profile itself costs time. Largest first. */
export function shareOut(stages: ReadonlyMap<string, number>, total: number): [stage: string, share: number][] {
  const sum = [...stages.values()].reduce((all, ms) => all + ms, 0);
  return [...stages]
    .map(([stage, ms]): [string, number] => [stage, sum === 0 ? 0 : (ms * total) / sum])
    .sort(([, one], [, other]) => other - one);
}
