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
  "SELECT * FROM unnest($1::text[], $2::uuid[], $3::int2[], $4::int8[], $5::uuid[], $6::uuid[], $7::text[], " +
  "$8::timestamptz[]) ON CONFLICT DO NOTHING RETURNING boot_id, lane, seq::float8 AS seq";

type Written = { readonly boot_id: string; readonly lane: number; readonly seq: number };

/** Resolves to the leaves of those that were not recorded before. */
export async function writeGaps(client: Client, gaps: readonly Gap[]): Promise<readonly LedgerEntry[]> {
  if (gaps.length === 0) return [];
  const whole = gaps.map((gap) => ({
    ...gap,
    reason: columnText(gap.reason),
    createdAtMs: Math.floor(gap.createdAtMs),
  }));
  const { rows } = await client.query<Written>(insertText, [
    whole.map(({ nodeId }) => nodeId),
    whole.map(({ bootId }) => bootId),
    whole.map(({ lane }) => lane),
    whole.map(({ seq }) => seq),
    whole.map(({ id }) => id),
    whole.map(({ tenantId }) => tenantId),
    whole.map(({ reason }) => reason),
    whole.map(({ createdAtMs }) => new Date(createdAtMs).toISOString()),
  ]);
  const written = new Set(rows.map(({ boot_id, lane, seq }) => `${boot_id} ${lane} ${seq}`));
  const leaves: LedgerEntry[] = [];
  for (const gap of whole) {
    const { nodeId, bootId, lane, seq } = gap;
    // Told of twice, it has one leaf.
    if (written.delete(`${bootId} ${lane} ${seq}`)) leaves.push({ nodeId, bootId, lane, seq, leaf: leafOfGap(gap) });
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
