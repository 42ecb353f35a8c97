// A number that was given and that no row will ever stand for: its exchange passed while the store was away, or could
// not be kept. The gap is recorded, so that nobody can pass a removed row off as one.
import type { Client } from "pg";
import { type Leaf, leafOf } from "../ledger/leaf.js";
import type { ChainName } from "../ledger/window.js";
import { BinaryCopy } from "./binary-copy.js";
import type { LedgerEntry } from "./chain-writer.js";
import { columnText } from "./trace-row.js";

export type Gap = ChainName & {
  readonly seq: number;
  /** What is known of the exchange. */
  readonly id: string | null;
  readonly tenantId: string | null;
  readonly reason: string;
  /** Unix ms. */
  readonly createdAtMs: number;
};

/** All columns of loom.ledger_gaps, in the order in which they are encoded. */
export const gapColumns = [
  ...["node_id", "boot_id", "lane", "seq", "id", "tenant_id", "reason", "created_at"],
] as const;

const insertText =
  `INSERT INTO loom.ledger_gaps (${gapColumns.join(", ")}) ` +
  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

/** Resolves to the leaves of those that were not recorded before. */
export async function writeGaps(client: Client, gaps: readonly Gap[]): Promise<readonly LedgerEntry[]> {
  const leaves: LedgerEntry[] = [];
  for (const gap of gaps) {
    const { nodeId, bootId, lane, seq, id, tenantId } = gap;
    const reason = columnText(gap.reason);
    const createdAtMs = Math.floor(gap.createdAtMs);
    const at = new Date(createdAtMs).toISOString();
    const { rowCount } = await client.query(insertText, [nodeId, bootId, lane, seq, id, tenantId, reason, at]);
    if (rowCount === 0) continue;
    leaves.push({ nodeId, bootId, lane, seq, leaf: leafOfGap({ ...gap, reason, createdAtMs }) });
  }
  return leaves;
}

function leafOfGap(gap: Gap): Leaf {
  const out = new BinaryCopy(512);
  out.startRow(gapColumns.length);
  out.text(gap.nodeId);
  out.uuid(gap.bootId);
  out.int2(gap.lane);
  out.int8(gap.seq);
  out.uuid(gap.id);
  out.uuid(gap.tenantId);
  out.text(gap.reason);
  out.timestamp(gap.createdAtMs);
  return leafOf(out.view(0, out.length));
}
