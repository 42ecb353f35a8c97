// Retention: whole partitions of loom.traces are dropped once all of them is older than the setting, by whoever comes
// first of many instances, with an event in the same transaction. A partition stays while a tenant on hold has rows in it.
import { assumeRole } from "../postgres/roles.js";
import { type Actor, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";

export type TracePartition = {
  readonly name: string;
  readonly from: Date;
  readonly to: Date;
  readonly bytes: number;
  /** Names of the tenants on hold that have rows in it. */
  readonly heldBy: readonly string[];
};

/** `expired` goes with the next run, `held` would if nobody were on hold. */
export type PartitionStanding = "kept" | "expired" | "held";

export type DroppedPartition = Omit<TracePartition, "heldBy"> & { readonly rows: number };

export type RetentionRun = {
  readonly cutoff: Date;
  /** `busy`: another instance was at it, and did the rest. */
  readonly state: "done" | "busy";
  readonly dropped: readonly DroppedPartition[];
  readonly held: readonly TracePartition[];
  /** Rows of loom.dead_traces that were older than the cutoff. */
  readonly deadRows: number;
};

const dayMs = 86_400_000;
/** Any number that nothing else in the database uses. */
const lockKey = "5505077160072";

export function cutoffOf(days: number, now: Date): Date {
  return new Date(now.getTime() - days * dayMs);
}

/** `cutoff` null: nothing expires. */
export function standingOf({ to, heldBy }: TracePartition, cutoff: Date | null): PartitionStanding {
  if (cutoff === null || to.getTime() > cutoff.getTime()) return "kept";
  return heldBy.length > 0 ? "held" : "expired";
}

/** Oldest first; the default partition is not among them. */
export async function listPartitions(db: Database): Promise<readonly TracePartition[]> {
  const { rows } = await db.query<TracePartition>(
    `SELECT name, from_time AS "from", to_time AS "to", bytes::float8 AS bytes, held_by AS "heldBy"
       FROM loom.list_trace_partitions() ORDER BY from_time`,
  );
  return rows;
}

/** Drops what has expired, one transaction a partition. Rejects with the database's error when one cannot be dropped. */
export async function runRetention(
  db: Database,
  { days, now, by }: { readonly days: number; readonly now: Date; readonly by: Actor },
): Promise<RetentionRun> {
  const cutoff = cutoffOf(days, now);
  const dropped: DroppedPartition[] = [];
  for (;;) {
    const next = await asRetention(db, (tx) => dropNext(tx, { cutoff, days, by }));
    if (next !== "busy" && "rows" in next) {
      dropped.push(next);
      continue;
    }
    if (next === "busy") return { cutoff, state: "busy", dropped, held: [], deadRows: 0 };
    const deadRows = await asRetention(db, (tx) => deleteDeadRows(tx, { cutoff, days, by }));
    return { cutoff, state: "done", dropped, held: next.held, deadRows: deadRows === "busy" ? 0 : deadRows };
  }
}

type Due = { readonly cutoff: Date; readonly days: number; readonly by: Actor };

async function dropNext(
  tx: Database,
  { cutoff, days, by }: Due,
): Promise<DroppedPartition | { held: TracePartition[] }> {
  const partitions = await listPartitions(tx);
  const expired = partitions.find((partition) => standingOf(partition, cutoff) === "expired");
  if (expired === undefined) return { held: partitions.filter((one) => standingOf(one, cutoff) === "held") };
  const { name, from, to, bytes } = expired;
  const { rows: answers } = await tx.query<{ rows: number | null }>(
    "SELECT loom.drop_trace_partition($1, $2)::float8 AS rows",
    [name, cutoff],
  );
  const rows = answers[0]?.rows ?? null;
  // A hold was placed after the look: the next look knows of it.
  if (rows === null) return dropNext(tx, { cutoff, days, by });
  await recordAuditEvent(tx, {
    ...by,
    action: "retention.drop",
    tenantId: null,
    subject: name,
    details: { from: from.toISOString(), to: to.toISOString(), rows, bytes, days },
  });
  return { name, from, to, bytes, rows };
}

async function deleteDeadRows(tx: Database, { cutoff, days, by }: Due): Promise<number> {
  const { rows } = await tx.query<{ rows: number }>("SELECT loom.delete_expired_dead_traces($1)::float8 AS rows", [
    cutoff,
  ]);
  const deleted = rows[0]?.rows ?? 0;
  if (deleted === 0) return 0;
  const details = { before: cutoff.toISOString(), rows: deleted, days };
  await recordAuditEvent(tx, { ...by, action: "retention.delete", tenantId: null, subject: "dead_traces", details });
  return deleted;
}

/** One transaction as loom_retention, where the login may, under the lock of all instances. */
function asRetention<Answer>(db: Database, work: (tx: Database) => Promise<Answer>): Promise<Answer | "busy"> {
  return inTransaction(db, async (tx) => {
    const { rows } = await tx.query<{ taken: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS taken", [lockKey]);
    if (rows[0]?.taken !== true) return "busy";
    await assumeRole(tx, "loom_retention", "transaction");
    return work(tx);
  });
}
