// Joins what `loom dead` needs of a worker: the master keys and the ledger's key stay out of the commands.
import type { DeadRowWorker } from "./administer/dead-traces.js";
import type { WorkerCalls } from "./hand-off/worker-calls.js";

export type DeadRowsOptions = {
  /** workers/dead-rows.js. */
  readonly worker: WorkerCalls;
  readonly databaseUrl: string;
  readonly readMasterKeys: () => Promise<string>;
  /** PKCS 8 PEM of the key that signs the ledger; undefined where there is no ledger. */
  readonly readLedgerKey: () => Promise<string | undefined>;
};

export function callDeadRows({ worker, databaseUrl, readMasterKeys, readLedgerKey }: DeadRowsOptions): DeadRowWorker {
  return {
    open: async (row) => worker.call("openDeadRow", { ...row, masterKeys: await readMasterKeys() }),
    retry: async (row) => {
      const keys = { masterKeys: await readMasterKeys(), ledgerKey: await readLedgerKey() };
      return worker.call<boolean>("retryDeadRow", { ...row, ...keys, databaseUrl });
    },
  };
}
