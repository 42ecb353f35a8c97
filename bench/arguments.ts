// The command line of `npm run bench`.
import { parseArgs } from "node:util";
import type { Effort, Scenario } from "./scenario.js";

export type BenchArguments = {
  /** In the order in which they run. */
  readonly chosen: readonly Scenario[];
  /** Whether scenarios were named. */
  readonly named: boolean;
  readonly kind: Effort["kind"];
  readonly soakSeconds: number;
  /** The results as JSON on standard output, in place of the tables. */
  readonly json: boolean;
  readonly out: string | null;
  readonly save: boolean;
  readonly saveBaseline: boolean;
  readonly runs: number;
  /** A results file to hold this run against, in place of the baseline. */
  readonly compare: string | null;
  readonly peers: boolean;
  readonly peersHome: string | null;
  readonly profile: string | null;
  readonly preload: string | null;
  /** Only draws the page from the results that are there. */
  readonly reportOnly: boolean;
};

/** Something wrong with the command line; the usage follows it. */
export class UsageFault extends Error {}

const soakSecondsNamed = 600;
const soakSecondsOf = { quick: 10, full: 30 } as const;
const runsForBaseline = 3;
const countMax = 86_400;

/** Null when only the usage is wanted. Throws UsageFault. */
export function readArguments(argv: readonly string[], scenarios: readonly Scenario[]): BenchArguments | null {
  const { values, positionals } = parse(argv);
  if (values.help) return null;
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new UsageFault(`There is no scenario '${unknown.join("', '")}'.`);
  const kind = values.quick ? "quick" : "full";
  const named = positionals.length > 0;
  const isChosen = ({ name, seconds }: Scenario): boolean =>
    named ? positionals.includes(name) : seconds[kind] !== null;
  const soakDefault = named && kind === "full" ? soakSecondsNamed : soakSecondsOf[kind];
  if (values["save-baseline"] && values.quick) throw new UsageFault("A baseline is not taken from quick runs.");
  return {
    chosen: scenarios.filter(isChosen),
    named,
    kind,
    soakSeconds: readCount(values["soak-seconds"], "--soak-seconds", soakDefault),
    json: values.json,
    out: values.out ?? null,
    save: values.save || (!named && kind === "full"),
    saveBaseline: values["save-baseline"],
    runs: readCount(values.runs, "--runs", values["save-baseline"] ? runsForBaseline : 1),
    compare: values.compare ?? null,
    peers: values.peers,
    peersHome: values["peers-home"] ?? null,
    profile: values.profile ?? null,
    preload: values.import ?? null,
    reportOnly: values.report,
  };
}

export function writeUsage(scenarios: readonly Scenario[]): string {
  const lines = scenarios.map(({ name, says }) => `  ${name.padEnd(12)} ${says}`);
  return `Usage: npm run bench -- [scenario ...] [options]
Scenarios (all when none is named; soak is then ${soakSecondsOf.full} s long):
${lines.join("\n")}
Options:
  --quick               less of everything, under a minute; leaves out durability and soak
  --json                the results as JSON on standard output, in place of the tables
  --out <file>          the results as JSON in a file
  --save                results to bench/results/<date>-<commit>.json, and bench/report.html anew; a full run does so
  --compare <file>      hold this run against an earlier one in place of bench/baseline.json
  --save-baseline       take bench/baseline.json from this run, repeated (--runs, ${runsForBaseline} if not given)
  --runs <n>            so many runs, one after the other
  --peers               other gateways beside Loom, as far as they are installed (docs/bench.md)
  --peers-home <dir>    where they are installed
  --soak-seconds <n>    length of soak; ${soakSecondsNamed} when it is named
  --profile <dir>       a CPU profile of every thread of Loom, and their largest self times; with --save, flame graphs
  --import <module>     a module that every thread of Loom loads first
  --report              only draw bench/report.html from the results that are there
Settings of Loom can be varied by their variables, such as LOOM_DURABILITY=disk or LOOM_LANES=2.
Exit code 1: requests failed, rows are missing, bytes changed, or a figure got worse than its bound.`;
}

function parse(argv: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        quick: flag,
        json: flag,
        out: text,
        save: flag,
        "save-baseline": flag,
        runs: text,
        compare: text,
        peers: flag,
        "peers-home": text,
        "soak-seconds": text,
        profile: text,
        import: text,
        report: flag,
        help: flag,
      },
    });
  } catch (error) {
    throw new UsageFault(error instanceof Error ? error.message : String(error));
  }
}

function readCount(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > countMax)
    throw new UsageFault(`${name} wants a whole number from 1 to ${countMax}.`);
  return count;
}
