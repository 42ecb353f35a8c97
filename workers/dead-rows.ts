// Piscina entry: opens rows that were set aside in loom.dead_traces with their tenant's key, and brings them in after
// all, in the transaction of a window of their chain, as a lane would have.
import { limits } from "../src/limits.js";
import { leafOf, splitLeaf } from "./ledger/leaf.js";
import { openSigner } from "./ledger/sign.js";
import { Batch } from "./persist/batch.js";
import { BinaryCopy } from "./persist/binary-copy.js";
import { ChainWriter } from "./persist/chain-writer.js";
import { Connection } from "./persist/connection.js";
import { copyTracesOnce } from "./persist/copy-traces.js";
import { currentForm, readTraceRow } from "./persist/read-trace-row.js";
import type { TraceRow } from "./persist/trace-row.js";
import { KeyRing } from "./seal/key-ring.js";
import { openBody } from "./seal/open.js";

/** A row of loom.dead_traces, and what opens it. */
export type DeadRowInput = {
  /** The form of LOOM_MASTER_KEYS. */
  readonly masterKeys: string;
  readonly id: string;
  readonly tenantId: string;
  /** The tenant's salt, base64. */
  readonly keySalt: string;
  readonly createdAtMs: number;
  readonly nodeId: string;
  readonly keyVersion: number;
  readonly iv: Uint8Array;
  readonly sealed: Uint8Array;
};

export type RetryInput = DeadRowInput & {
  readonly databaseUrl: string;
  /** PKCS 8 PEM of the key that signs the ledger; without it no window is written. */
  readonly ledgerKey?: string | undefined;
};

/** A live lane may write the next window of the same chain at the same moment. */
const triesMax = 5;

/** What the row says, without its bodies. Throws an Error when it cannot be opened or is of another version. */
export function openDeadRow(input: DeadRowInput): TraceRow {
  return readTraceRow(openEncoded(input));
}

/**
 * Inserts the row, its sums and its window. False when it was there already: nothing is written then.
 * Rejects with the database's error when the row is refused again.
 */
export async function retryDeadRow(input: RetryInput): Promise<boolean> {
  const encoded = openEncoded(input);
  const row = readTraceRow(encoded);
  const batch = new Batch(new BinaryCopy(encoded.length));
  const { covered } = splitLeaf(encoded);
  const leaf = leafOf(covered);
  batch.addEncoded({ row, keySalt: input.keySalt, leaf }, encoded);
  const { nodeId, bootId, lane, seq, createdAtMs } = row;
  const connection = await Connection.open(input.databaseUrl, "loom dead retry", limits.databaseTimeoutMs);
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await connection.transact(limits.databaseTimeoutMs, async (client) => {
          const written = await copyTracesOnce(client, batch, { from: 0, to: 1 });
          if (written.length === 0) return false;
          if (input.ledgerKey !== undefined) {
            const chains = new ChainWriter(openSigner(input.ledgerKey));
            await chains.add(client, "rows", [{ nodeId, bootId, lane, seq, createdAtMs, leaf }]);
          }
          return true;
        });
      } catch (error) {
        if (tries === triesMax || !isWindowTaken(error)) throw error;
      }
    }
  } finally {
    connection.close();
  }
}

function openEncoded({ masterKeys, ...row }: DeadRowInput): Buffer {
  const ring = new KeyRing(masterKeys);
  try {
    return currentForm(openBody(ring, { ...row, column: "row", codec: "identity" }, limits.laneBacklogBytesMax));
  } finally {
    ring.forget(null);
  }
}

function isWindowTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "23505";
}
