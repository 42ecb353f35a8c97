// `npm run bench`: what Loom costs, always beside the direct way (and nginx as a bare proxy) in the same run.
// The figures are for reading; only failed requests, missing rows and changed bytes make it fail.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.js";
import { tabulateProfiles } from "./profile-summary.js";
import { type Effort, type Scenario, type ScenarioResult, tabulate } from "./scenario.js";
import { oneConnection, thirtyTwoConnections } from "./scenarios/closed.js";
import { recordEveryRequest } from "./scenarios/record.js";
import { pacedStreams } from "./scenarios/streams.js";
import { drawTable } from "./table.js";
import { startWorld, type World } from "./world.js";

const scenarios: readonly Scenario[] = [oneConnection, thirtyTwoConnections, pacedStreams, recordEveryRequest];

const usage = `Usage: npm run bench -- [scenario ...] [--quick | --full] [--json <file>] [--save] [--profile <folder>]
  scenarios           ${scenarios.map((scenario) => scenario.name).join(", ")}; all when none is named
  --quick             less of everything, under a minute
  --full              100,000 requests in record
  --json <file>       writes the results, every round of them; - for standard output in place of the tables
  --save              writes them to bench/results/<date>-<commit>.json
  --profile <folder>  a CPU profile of every thread of Loom, and their largest self times
Settings of Loom can be varied by their variables, such as LOOM_DURABILITY=disk, LOOM_LANES=2 or OTEL_EXPORTER_OTLP_ENDPOINT.`;

const profileRows = 20;
const root = new URL("../../", import.meta.url);

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      json: { type: "string" },
      save: { type: "boolean", default: false },
      profile: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new Error(`There is no scenario '${unknown.join("', '")}'.`);
  const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { ...values, chosen };
}

function effortOf(scenario: Scenario, { quick, full }: { quick: boolean; full: boolean }): Effort {
  if (quick) return { rounds: 3, scale: 0.2 };
  return { rounds: 5, scale: full && scenario === recordEveryRequest ? 10 : 1 };
}

/** Settings of Loom that a run may vary; the world itself sets where things are. */
function readSettings(): Record<string, string> {
  const own = new Set(["LOOM_HOME", "LOOM_DATABASE_URL", "LOOM_CONFIG", "LOOM_DEFAULT_PROVIDER"]);
  const found = Object.entries(process.env).filter(([name]) => /^(LOOM|OTEL)_/.test(name) && !own.has(name));
  return Object.fromEntries(found.map(([name, value]) => [name, value ?? ""]));
}

async function runScenarios(args: ReturnType<typeof readArguments>, world: World): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const scenario of args.chosen) {
    const result = await scenario.run(world, effortOf(scenario, args));
    results.push(result);
    if (args.json !== "-") console.log(drawTable(tabulate(result)));
  }
  return results;
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help) return console.log(usage);
  const machine = describeMachine(root);
  const settings = readSettings();
  const say = (line: string): void => (args.json === "-" ? console.error(line) : console.log(line));
  say(
    `Loom ${machine.loom} (${machine.commit}), Node ${machine.node}, ${machine.kernel}, ${machine.cores} × ${machine.cpu}`,
  );
  if (Object.keys(settings).length > 0) say(`Settings: ${JSON.stringify(settings)}`);

  const world = await startWorld({ settings, profileFolder: args.profile ?? null });
  const interrupt = (): void => void world.stop().then(() => process.exit(130));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  let results: ScenarioResult[];
  try {
    const hasNginx = world.targets.some((target) => target.name === "nginx");
    say(hasNginx ? "" : "nginx is not installed: no comparison with a bare proxy (apt-get install nginx-light).\n");
    results = await runScenarios(args, world);
  } finally {
    await world.stop();
  }
  if (args.profile !== undefined) {
    for (const table of tabulateProfiles(args.profile, profileRows)) say(drawTable(table));
  }
  const text = `${JSON.stringify({ at: new Date().toISOString(), machine, settings, results }, null, 2)}\n`;
  if (args.json === "-") process.stdout.write(text);
  else if (args.json !== undefined) writeFileSync(args.json, text);
  if (args.save) {
    const folder = new URL("bench/results/", root);
    mkdirSync(folder, { recursive: true });
    const file = new URL(`${new Date().toISOString().slice(0, 10)}-${machine.commit}.json`, folder);
    writeFileSync(file, text);
    say(`Saved in ${fileURLToPath(file)}`);
  }
  if (results.some((result) => result.faults.length > 0)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof TypeError || (error instanceof Error && error.message.startsWith("There is no")))
    console.error(usage);
  process.exitCode = 1;
}
