// A verification as a person reads it: how far it is while it runs, and what it found.
import type { ProgramTools } from "./program-tools.js";

/** What workers/audit.ts answers. */
export type Verification = {
  readonly state: "whole" | "broken" | "unclear";
  readonly reasons: readonly string[];
  readonly findings: readonly { readonly message: string }[];
  readonly findingsCount: number;
  readonly chains: number;
  readonly windows: number;
  readonly rows: number;
  readonly dead: number;
  readonly gaps: number;
  readonly gone: number;
  readonly open: number;
  readonly auditEvents: number;
  readonly unsealedEvents: number;
  readonly checkpoints: number;
  readonly ms: number;
};

const shownMax = 20;
const progressEveryMs = 200;

export function printVerification(tools: ProgramTools, result: Verification): void {
  for (const { message } of result.findings.slice(0, shownMax)) tools.write(`${message}\n`);
  const more = result.findingsCount - Math.min(shownMax, result.findings.length);
  if (more > 0) tools.write(`... and ${number(more)} more.\n`);
  for (const reason of result.reasons) tools.write(`${reason}\n`);
  const titles = { whole: "Whole", broken: "Broken", unclear: "Could not tell" } as const;
  const rate = result.ms > 0 ? `, ${number((result.rows / result.ms) * 1000)} rows/s` : "";
  tools.write(
    `${titles[result.state]}: ${number(result.rows)} rows in ${number(result.windows)} windows of ${number(result.chains)} chains${rate}; ` +
      `${number(result.dead)} dead, ${number(result.gaps)} gaps, ${number(result.gone)} gone by retention, ` +
      `${number(result.open)} not accounted for yet; ${number(result.auditEvents)} audit events ` +
      `(${number(result.unsealedEvents)} unsigned); ${number(result.checkpoints)} checkpoints.\n`,
  );
}

/** Writes to standard error when a person watches it. `cells` go to the worker: rows compared, rows to compare. */
export function showProgress(tools: ProgramTools): { readonly cells: SharedArrayBuffer; stop(): void } {
  const cells = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT);
  if (!tools.isWatched) return { cells, stop: () => undefined };
  const [startedAt, view] = [performance.now(), new Float64Array(cells)];
  const timer = setInterval(() => {
    const [done = 0, all = 0] = view;
    const share = all > 0 ? Math.min(1, done / all) : 0;
    const bar = "#".repeat(Math.round(share * 30)).padEnd(30, ".");
    const rate = (done / (performance.now() - startedAt)) * 1000;
    tools.writeError(`\r[${bar}] ${number(done)} of ${number(all)} rows, ${number(rate)} rows/s\u001b[K`);
  }, progressEveryMs);
  return {
    cells,
    stop() {
      clearInterval(timer);
      tools.writeError("\r\u001b[K");
    },
  };
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
