// `npm run bench`: what Loom costs, always beside the direct way and nginx as a bare proxy in the same run, and whether
// it got worse. Exit code 1 for failed requests, missing rows, changed bytes, a broken budget or a figure out of bounds.
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BenchArguments, readArguments, UsageFault, writeUsage } from "./arguments.js";
import { readProfiles, type ThreadProfile, tabulateProfiles } from "./cpu/profile-summary.js";
import { composeBounds, readBaseline, writeBaseline } from "./guard/baseline.js";
import {
  type Bound,
  findRatios,
  foreignShareMax,
  judge,
  judgeBudgets,
  type Reference,
  tabulateWorse,
  toleranceUnknown,
} from "./guard/guard.js";
import { drawFlames } from "./report/flame-graph.js";
import { describeMachine, type Machine } from "./report/machine.js";
import { drawReport } from "./report/report-page.js";
import { parseRecord, type RunRecord, readRecords, saveFlames, saveRecord, writeRecord } from "./report/results.js";
import { drawTable } from "./report/table.js";
import { runScenarios } from "./run-scenarios.js";
import type { Scenario } from "./scenario.js";
import { bodies } from "./scenarios/bodies.js";
import { durability } from "./scenarios/durability.js";
import { overhead } from "./scenarios/overhead.js";
import { rate } from "./scenarios/rate.js";
import { record } from "./scenarios/record.js";
import { soak } from "./scenarios/soak.js";
import { streams } from "./scenarios/streams.js";
import { tenants } from "./scenarios/tenants.js";
import { throughput } from "./scenarios/throughput.js";
import { tabulate } from "./summary.js";

const scenarios: readonly Scenario[] = [overhead, rate, throughput, streams, bodies, record, durability, tenants, soak];

const profileRows = 20;
const root = new URL("../../", import.meta.url);
const resultsFolder = new URL("bench/results/", root);
const reportFile = new URL("bench/report.html", root);
const baselineFile = new URL("bench/baseline.json", root);

/** Settings of Loom that a run may vary; the world itself sets where things are. */
function readSettings(): Record<string, string> {
  const own = new Set(["LOOM_HOME", "LOOM_DATABASE_URL", "LOOM_CONFIG", "LOOM_DEFAULT_PROVIDER"]);
  const found = Object.entries(process.env).filter(([name]) => /^(LOOM|OTEL)_/.test(name) && !own.has(name));
  return Object.fromEntries(found.map(([name, value]) => [name, value ?? ""]));
}

function describe(machine: Machine, settings: Readonly<Record<string, string>>): string {
  const { loom, commit, node, kernel, cores, cpu } = machine;
  const varied = Object.keys(settings).length > 0 ? `\nSettings: ${JSON.stringify(settings)}` : "";
  return `Loom ${loom} (${commit}), Node ${node}, ${kernel}, ${cores} × ${cpu}${varied}`;
}

/** The bounds to hold a run against, and what they are called; null when there are none. */
function readReference(args: BenchArguments): (Reference & { name: string }) | null {
  if (args.compare === null) {
    const baseline = readBaseline(baselineFile);
    if (baseline === null) return null;
    return { bounds: baseline.ratios, foreignShare: baseline.foreignShare, name: "bench/baseline.json" };
  }
  const other = parseRecord(readFileSync(args.compare, "utf8"), args.compare);
  const ratios = findRatios(other.results, other.peerNames);
  const bounds = ratios.map(({ name, value }): [string, Bound] => [name, { value, tolerance: toleranceUnknown }]);
  return { bounds: Object.fromEntries(bounds), foreignShare: other.foreignShare, name: args.compare };
}

/** @returns whether the run passes. */
function guard(run: RunRecord, args: BenchArguments, say: (line: string) => void): boolean {
  const against = args.saveBaseline ? null : readReference(args);
  const broken = judgeBudgets(run.results, run, run.peerNames);
  const ratios = findRatios(run.results, run.peerNames);
  const verdict = judge(ratios, against ?? { bounds: {}, foreignShare: Number.NaN }, run);
  const worse = [...broken, ...verdict.worse];
  const foreign = `Other programs used ${Math.round(run.foreignShare * 100)} % of the machine.`;
  if (run.foreignShare > foreignShareMax)
    say(`${foreign} Figures that this moves were not judged, and none of them means much.`);
  if (worse.length > 0) say(drawTable(tabulateWorse(worse, against?.name ?? "the budgets")));
  else if (against !== null)
    say(`Nothing got worse: ${verdict.compared} of ${ratios.length} ratios were held against ${against.name}.`);
  else say("Within the budgets. There is no baseline to hold the ratios against.");
  const faults = run.results.filter((result) => result.faults.length > 0).map(({ name }) => name);
  if (faults.length > 0) say(`Faults, see above: ${faults.join(", ")}.`);
  return worse.length === 0 && faults.length === 0;
}

function keep(
  runs: readonly RunRecord[],
  profiles: readonly ThreadProfile[],
  args: BenchArguments,
  say: (line: string) => void,
): void {
  const last = runs.at(-1);
  if (last === undefined) return;
  if (args.out !== null) writeFileSync(args.out, writeRecord(last));
  if (args.saveBaseline) {
    const ratios = runs.map((run) => findRatios(run.results, run.peerNames));
    const bounds = composeBounds(ratios, readBaseline(baselineFile)?.ratios);
    const foreignShare = Math.max(...runs.map((run) => run.foreignShare));
    const { at, machine } = last;
    writeBaseline(baselineFile, { at, machine, runs: runs.length, foreignShare, ratios: bounds });
    say(`Baseline: ${Object.keys(bounds).length} ratios in ${fileURLToPath(baselineFile)}`);
  }
  if (!args.save && !args.saveBaseline) return;
  const files = runs.map((run) => saveRecord(resultsFolder, run));
  for (const file of files) say(`Results: ${fileURLToPath(file)}`);
  const names = args.chosen.map(({ name }) => name).join(", ");
  for (const { thread, profile } of profiles) {
    const svg = drawFlames(profile, `${thread} of Loom at ${last.machine.commit}, bench of ${names}`);
    say(`Flame graph: ${fileURLToPath(saveFlames(files.at(-1) as URL, thread, svg))}`);
  }
  drawPage(say);
}

function drawPage(say: (line: string) => void): void {
  writeFileSync(reportFile, drawReport(readRecords(resultsFolder)));
  say(`Charts: ${fileURLToPath(reportFile)}`);
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2), scenarios);
  if (args === null) return console.log(writeUsage(scenarios));
  const say = (line: string): void => (args.json ? console.error(line) : console.log(line));
  if (args.reportOnly) return drawPage(say);
  const machine = describeMachine(root);
  const settings = readSettings();
  say(`${describe(machine, settings)}\n`);
  const runs: RunRecord[] = [];
  for (let at = 0; at < args.runs; at += 1) {
    if (args.runs > 1) say(`Run ${at + 1} of ${args.runs}`);
    const run = await runScenarios({
      args,
      machine,
      settings,
      peersHome: args.peersHome ?? join(homedir(), ".cache", "loom-bench-peers"),
      preload: args.preload === null ? null : pathToFileURL(resolve(args.preload)),
      say,
      tell: (result) => say(drawTable(tabulate(result))),
    });
    runs.push(run);
    if (!guard(run, args, say)) process.exitCode = 1;
  }
  const profiles = args.profile === null ? [] : readProfiles(args.profile);
  for (const table of tabulateProfiles(profiles, profileRows)) say(drawTable(table));
  if (args.json) process.stdout.write(runs.map(writeRecord).join(""));
  keep(runs, profiles, args, say);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageFault) console.error(writeUsage(scenarios));
  process.exitCode = 1;
}
