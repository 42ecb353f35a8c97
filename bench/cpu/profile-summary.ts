// Where the time of a thread goes, from the .cpuprofile that `node --cpu-prof` writes: self time by function.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { drawNumber, type Table } from "../report/table.js";

/** The part of V8's profile format (Profiler.Profile of the inspector protocol) that is used here. */
export type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  /** Node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** µs since the sample before. */
  readonly timeDeltas: readonly number[];
};

export type SelfTime = { readonly name: string; readonly where: string; readonly selfMs: number };

/** Functions by falling self time; idle time and V8's own bookkeeping keep their names in parentheses. */
export function sumSelfTimes(profile: CpuProfile): SelfTime[] {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const sums = new Map<string, { name: string; where: string; selfMs: number }>();
  profile.samples.forEach((id, at) => {
    const frame = frames.get(id);
    if (frame === undefined) return;
    const name = frame.functionName === "" ? "(anonymous)" : frame.functionName;
    const where = frame.url === "" ? "" : `${shortenUrl(frame.url)}:${frame.lineNumber + 1}`;
    const key = `${name} ${where}`;
    const sum = sums.get(key) ?? { name, where, selfMs: 0 };
    // A delta is the time up to its sample, so what the sample shows lasted until the next one.
    sum.selfMs += (profile.timeDeltas[at + 1] ?? 0) / 1000;
    sums.set(key, sum);
  });
  return [...sums.values()].sort((one, other) => other.selfMs - one.selfMs);
}

/** `thread` is `main`, `lane` or `thread <n>`; more than one of a kind are numbered. */
export type ThreadProfile = { readonly thread: string; readonly profile: CpuProfile };

/**
 * The profiles of the threads that had work.
 * The name of a profile is CPU.<date>.<time>.<pid>.<thread>.<count>, where thread 0 is the main one.
 */
export function readProfiles(folder: string): ThreadProfile[] {
  const threads = readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .map((name) => {
      const profile = JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile;
      return { thread: nameThread(profile, name), profile, busyMs: busyMsOf(sumSelfTimes(profile)) };
    });
  const busiestMs = Math.max(...threads.map(({ busyMs }) => busyMs));
  const counts = new Map<string, number>();
  return threads
    .filter(({ busyMs }) => busyMs > busiestMs / 10)
    .map(({ thread, profile }) => {
      const count = (counts.get(thread) ?? 0) + 1;
      counts.set(thread, count);
      return { thread: count === 1 ? thread : `${thread} ${count}`, profile };
    });
}

function nameThread(profile: CpuProfile, file: string): string {
  const thread = file.split(".")[4];
  if (thread === "0") return "main";
  const isLane = profile.nodes.some(({ callFrame }) => callFrame.url.endsWith("/workers/lane.js"));
  return isLane ? "lane" : `thread ${thread}`;
}

/** One table a thread: the functions with the largest share of the time that it was not idle. */
export function tabulateProfiles(profiles: readonly ThreadProfile[], count: number): Table[] {
  return profiles.map(({ thread, profile }) => tabulateSelfTimes(`profile of ${thread}`, sumSelfTimes(profile), count));
}

function busyMsOf(times: readonly SelfTime[]): number {
  return times.reduce((sum, { name, selfMs }) => sum + (name === "(idle)" ? 0 : selfMs), 0);
}

export function tabulateSelfTimes(title: string, times: readonly SelfTime[], count: number): Table {
  const busy = times.filter(({ name }) => name !== "(idle)");
  const busyMs = busyMsOf(busy);
  return {
    title: `${title}: ${drawNumber(busyMs, 0)} ms busy`,
    headings: ["function", "self ms", "%"],
    rows: busy
      .slice(0, count)
      .map(({ name, where, selfMs }) => [
        `${name} ${where}`.trim(),
        drawNumber(selfMs, 0),
        drawNumber((selfMs * 100) / busyMs, 1),
      ]),
    notes: [],
  };
}

/** A path within a package or within Loom. */
export function shortenUrl(url: string): string {
  const packageAt = url.lastIndexOf("/node_modules/");
  if (packageAt >= 0) return url.slice(packageAt + "/node_modules/".length);
  const distAt = url.lastIndexOf("/dist/");
  return distAt >= 0 ? url.slice(distAt + "/dist/".length) : url;
}
