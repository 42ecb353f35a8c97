// Piscina entry: everything of `loom audit`, off the main thread.
import { readFileSync } from "node:fs";
import { type Bundle, cutAt, openBundle, writeBundle } from "./audit/bundle.js";
import { type LedgerSession, openLedgerSession } from "./audit/ledger-session.js";
import { countRows, findTenant, readLedger, readTenants } from "./audit/read-ledger.js";
import { type LedgerReport, readReport } from "./audit/report.js";
import { runCheck, type TimedVerification } from "./audit/verify.js";
import { LedgerCheck, type LedgerCheckOptions } from "./ledger/ledger-check.js";
import { readPublicKeys } from "./ledger/sign.js";
import { uuidBytes } from "./uuid-bytes.js";

/** What a verification trusts, and where it shows how far it is. */
export type Trusted = {
  /** PEM files of public keys. */
  readonly keyFiles: readonly string[];
  /** Files with checkpoints, one a line; log files are fine. */
  readonly checkpointFiles: readonly string[];
  /** Two float64: rows compared, rows to compare or 0. */
  readonly progress: SharedArrayBuffer;
};

export type VerifyInput = Trusted & {
  readonly databaseUrl: string;
  /** Its name; null: all tenants. */
  readonly tenant: string | null;
  /** Unix ms. */
  readonly sinceMs: number | null;
};

export async function verifyLedger(input: VerifyInput): Promise<TimedVerification> {
  const progress = new Float64Array(input.progress);
  const since = input.sinceMs === null ? null : new Date(input.sinceMs);
  return withSession(input.databaseUrl, async (session) => {
    const part = { since, tenantId: input.tenant === null ? null : await findTenant(session, input.tenant) };
    const check = openCheck(input, {
      tenants: await readTenants(session),
      tenantId: part.tenantId,
      isWhole: since === null,
      isCut: false,
    });
    progress[1] = await countRows(session, part);
    return runCheck(check, readLedger(session, part), progress);
  });
}

export async function verifyBundle(input: Trusted & { readonly file: string }): Promise<TimedVerification> {
  const { head, items }: Bundle = await openBundle(input.file);
  const tenants = head.tenants.map(uuidBytes);
  const check = openCheck(input, {
    tenants,
    tenantId: null,
    isWhole: head.since === null && head.until === null,
    isCut: head.until !== null,
  });
  return runCheck(check, items, new Float64Array(input.progress));
}

export type ExportInput = {
  readonly databaseUrl: string;
  readonly file: string;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
};

export async function exportLedger({ databaseUrl, file, sinceMs, untilMs }: ExportInput): Promise<void> {
  const timeOf = (ms: number | null) => (ms === null ? null : new Date(ms));
  const [since, until] = [timeOf(sinceMs), timeOf(untilMs)];
  await withSession(databaseUrl, async (session) => {
    const items = readLedger(session, { since, tenantId: null });
    const tenants = (await readTenants(session)).map((id) =>
      id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    );
    const head = {
      loom: "ledger bundle 1",
      since: since?.toISOString() ?? null,
      until: until?.toISOString() ?? null,
      exportedAt: new Date().toISOString(),
      tenants,
    } as const;
    await writeBundle(file, head, until === null ? items : cutAt(items, until));
  });
}

export async function reportLedger(input: {
  readonly databaseUrl: string;
  readonly sinceMs: number | null;
}): Promise<LedgerReport> {
  const since = input.sinceMs === null ? null : new Date(input.sinceMs);
  return withSession(input.databaseUrl, (session) => readReport(session, since));
}

async function withSession<Answer>(url: string, work: (session: LedgerSession) => Promise<Answer>): Promise<Answer> {
  const session = await openLedgerSession(url);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

function openCheck(
  { keyFiles, checkpointFiles }: Trusted,
  part: Pick<LedgerCheckOptions, "tenants" | "tenantId" | "isWhole" | "isCut">,
): LedgerCheck {
  return new LedgerCheck({
    publicKeys: keyFiles.flatMap((file) => readPublicKeys(readFileSync(file, "utf8"))),
    checkpoints: checkpointFiles.flatMap((file) => readFileSync(file, "utf8").split("\n")),
    ...part,
  });
}
