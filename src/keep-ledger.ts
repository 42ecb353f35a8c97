// What the main thread does for the ledger: it gives the lanes the key, keeps checkpoints in a file beside the log, and
// has the audit events signed by the clock and at the end.
import { appendFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "./config/config.js";
import { openWorkerCalls } from "./hand-off/worker-calls.js";
import { ensureLedgerKey } from "./keys/ledger-key.js";
import { limits } from "./limits.js";
import { openPool } from "./postgres/connect.js";
import type { LoomEvent } from "./report/events.js";

export type LedgerKeeper = {
  /** PKCS 8 PEM, for the lanes. */
  readonly ledgerKey: string;
  /** Passes every event on; a checkpoint is written to `<home>/checkpoints.jsonl` before. */
  emit(event: LoomEvent): void;
  /** Signs the audit events up to the last. After the lanes have been drained, before the database stops. */
  stop(): Promise<void>;
};

export type AuditCheckpoint = Omit<Extract<LoomEvent, { name: "ledger_checkpoint" }>, "name">;

export function checkpointsFile(home: string): string {
  return join(home, "checkpoints.jsonl");
}

/** Throws an Error when the ledger key is not one. */
export function keepLedger(
  config: Pick<Config, "home" | "ledgerKey">,
  databaseUrl: string,
  emit: (event: LoomEvent) => void,
): LedgerKeeper {
  const ledgerKey = ensureLedgerKey(config).key.reveal();
  const worker = openWorkerCalls(new URL("../workers/persist/seal-audit-events.js", import.meta.url));
  const pool = openPool({ url: databaseUrl, max: 1, applicationName: "loom ledger", role: "loom_writer" });
  const emitKept = (event: LoomEvent): void => {
    if (event.name === "ledger_checkpoint") keepCheckpoint(config.home, event, emit);
    emit(event);
  };
  const seal = async (): Promise<void> => {
    // The worker's thread is started only when there is something to sign.
    const { rows } = await pool.query<{ due: boolean }>(dueText);
    if (rows[0]?.due !== true) return;
    const input = { databaseUrl, ledgerKey, nodeId: hostname() };
    const checkpoint = await worker.call<AuditCheckpoint | null>("sealAuditEvents", input);
    if (checkpoint !== null) emitKept({ name: "ledger_checkpoint", ...checkpoint });
  };
  // A database that is away is told of by others; what is not signed now is signed the next time.
  let sealing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    sealing = sealing.then(seal).catch(() => undefined);
  }, limits.checkpointEveryMs).unref();
  return {
    ledgerKey,
    emit: emitKept,
    async stop() {
      clearInterval(timer);
      await sealing;
      await seal().catch(() => undefined);
      await pool.end();
      await worker.stop();
    },
  };
}

const dueText = `
  SELECT coalesce((SELECT max(number) FROM loom.audit_events), 0)
    > coalesce((SELECT max(number) FROM loom.audit_seals), 0) AS due`;

/** One line; a home that cannot be written to costs the file's copy only, the log has the other. */
function keepCheckpoint(
  home: string,
  event: LoomEvent & { name: "ledger_checkpoint" },
  emit: (event: LoomEvent) => void,
) {
  const { name: _, ...checkpoint } = event;
  try {
    appendFileSync(checkpointsFile(home), `${JSON.stringify(checkpoint)}\n`, { mode: 0o600 });
  } catch (error) {
    emit({ name: "checkpoint_failed", reason: error instanceof Error ? error.message : String(error) });
  }
}
