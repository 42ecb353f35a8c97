// `loom audit`: proves the ledger, packs it into a file for someone else to prove, and sums up what became of every
// exchange. The work is done by workers/audit.ts; only reading is needed, so a given database is not migrated.
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Config } from "../config/config.js";
import { checkpointsFile } from "../keep-ledger.js";
import { ledgerPublicKeyFile } from "../keys/ledger-key.js";
import { addConfigOptions, type ConfigOptions, readFor } from "./config-options.js";
import { parsePastTime } from "./past-time.js";
import { printJson, printRows } from "./print-rows.js";
import { EndWith, exitCodes, type ProgramTools } from "./program-tools.js";
import { printVerification, showProgress, type Verification } from "./verification-text.js";

type Options = ConfigOptions & { json?: true; since?: string };
type VerifyOptions = Options & { tenant?: string; bundle?: string; key?: string[]; checkpoints?: string[] };

type ReportSums = { admitted: number; recorded: number; interrupted: number; dead: number; gaps: number };
type LedgerReport = { days: readonly (ReportSums & { day: string })[]; total: ReportSums; open: number };

const verifyHelp = `
Trusts the public keys of --key, or of <home>/ledger-key.pub. The checkpoints of --checkpoints, or of
<home>/checkpoints.jsonl, tell whether the end was cut off: compare with a copy that never was on this machine.

Exit codes: 0 whole, 1 broken, 2 could not tell.

Examples:
  $ loom audit verify
  $ loom audit verify --since 7d --json
  $ DATABASE_URL=postgres://auditor@db/loom loom audit verify --key ledger-key.pub --checkpoints gateway.log
  $ loom audit verify --bundle may.jsonl --key ledger-key.pub`;

export function addAuditCommand(program: Command, tools: ProgramTools): void {
  const group = program.command("audit").description("verify, export and sum up the ledger");
  addVerify(group, tools);
  addExport(group, tools);
  addReport(group, tools);
}

function addVerify(group: Command, tools: ProgramTools): void {
  const command = group
    .command("verify")
    .description("recompute the ledger and name the first row or window that does not fit")
    .option("--tenant <name>", "compare the bodies of this tenant only")
    .option("--since <time>", "from the windows of this time on: 7d, 12h, or a date")
    .option("--bundle <file>", "what `loom audit export` wrote, instead of a database")
    .option("--key <file...>", "PEM files of the public keys to trust")
    .option("--checkpoints <file...>", "checkpoints, or logs with checkpoints in them")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", verifyHelp)
    .action(async (options: VerifyOptions) => {
      const config = readFor(tools, options);
      const sinceMs = sinceOf(options);
      const progress = showProgress(tools);
      let result: Verification;
      try {
        result = await runVerify(tools, config, { ...options, sinceMs, progress: progress.cells });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        tools.writeError(`Could not tell: ${reason || "the database cannot be reached"}\n`);
        throw new EndWith(exitCodes.unclear);
      } finally {
        progress.stop();
      }
      if (options.json) printJson(tools, result);
      else printVerification(tools, result);
      if (result.state === "broken") throw new EndWith(exitCodes.failed);
      if (result.state === "unclear") throw new EndWith(exitCodes.unclear);
    });
}

type VerifyInput = VerifyOptions & { readonly sinceMs: number | null; readonly progress: SharedArrayBuffer };

function runVerify(tools: ProgramTools, config: Config, input: VerifyInput): Promise<Verification> {
  const { bundle, tenant = null, sinceMs, progress } = input;
  const present = (file: string) => (existsSync(file) ? [file] : []);
  const trusted = {
    keyFiles: input.key ?? present(ledgerPublicKeyFile(config.home)),
    checkpointFiles: input.checkpoints ?? present(checkpointsFile(config.home)),
    progress,
  };
  if (bundle !== undefined) return tools.callAudit(null, "verifyBundle", { ...trusted, file: bundle });
  return tools.callAudit(config, "verifyLedger", { ...trusted, tenant, sinceMs });
}

function addExport(group: Command, tools: ProgramTools): void {
  const command = group
    .command("export")
    .description("write the ledger with its rows, still encrypted, into one file")
    .requiredOption("--out <file>", "the file to make")
    .option("--since <time>", "from the windows of this time on: 7d, 12h, or a date")
    .option("--until <time>", "up to the windows of this time");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom audit export --since 2027-05-01 --until 2027-06-01 --out may.jsonl")
    .action(async (options: Options & { out: string; until?: string }) => {
      const untilMs = options.until === undefined ? null : parsePastTime("--until", options.until, new Date());
      const input = { file: options.out, sinceMs: sinceOf(options), untilMs };
      await tools.callAudit(readFor(tools, options), "exportLedger", input);
      tools.write(`Wrote ${options.out}. Check it with: loom audit verify --bundle ${options.out}\n`);
    });
}

function addReport(group: Command, tools: ProgramTools): void {
  const command = group
    .command("report")
    .description("what was admitted and what became of it, by day and in sum")
    .option("--since <time>", "from this time on: 7d, 12h, or a date")
    .option("--json", "print JSON");
  addConfigOptions(command)
    .addHelpText("after", "\nExample:\n  $ loom audit report --since 30d")
    .action(async (options: Options) => {
      const input = { sinceMs: sinceOf(options) };
      const report = await tools.callAudit<LedgerReport>(readFor(tools, options), "reportLedger", input);
      if (options.json) {
        printJson(tools, report);
        return;
      }
      const lines = report.days.length === 0 ? [] : [...report.days, { day: "in sum", ...report.total }];
      printRows(tools, lines, {
        columns: {
          day: (line) => line.day,
          admitted: (line) => String(line.admitted),
          recorded: (line) => String(line.recorded),
          interrupted: (line) => String(line.interrupted),
          dead: (line) => String(line.dead),
          gaps: (line) => String(line.gaps),
        },
        nothing: "Nothing was recorded in this time.",
      });
      if (report.open > 0) tools.write(`${report.open} more were admitted and are not accounted for yet.\n`);
    });
}

function sinceOf({ since }: Options): number | null {
  return since === undefined ? null : parsePastTime("--since", since, new Date());
}
