// What a replay must ask Postgres before it can go on: the salts of the tenants, which no spool holds, and which
// exchanges of the chain have found their place already. Waits for as long as the database is away.
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { limits } from "../../src/limits.js";
import type { SegmentOrigin } from "../spool/segment-format.js";
import { Connection } from "./connection.js";

export type ReplayFacts = {
  /** Base64. A tenant that is not here was erased. */
  readonly salts: ReadonlyMap<string, string>;
  /** Numbers that the ledger accounts for: as rows, dead rows or gaps. */
  readonly settled: ReadonlySet<number>;
};

export type FactsQuestion = {
  readonly databaseUrl: string;
  readonly origin: SegmentOrigin;
  readonly tenantIds: readonly string[];
  /** Unix ms: no window before this can hold what is asked for. */
  readonly sinceMs: number;
};

/** Clocks are set back now and then. */
const slackMs = 3_600_000;
const firstRetryMs = 200;

const saltsText =
  "SELECT id, encode(key_salt, 'base64') AS salt FROM loom.tenants WHERE id = ANY($1::uuid[]) AND key_salt IS NOT NULL";
const settledText =
  "SELECT seqs FROM loom.ledger_windows " +
  "WHERE node_id = $1 AND boot_id = $2 AND lane = $3 AND created_at >= to_timestamp($4::float8 / 1000)";

async function ask(client: Client, { origin, tenantIds, sinceMs }: FactsQuestion): Promise<ReplayFacts> {
  const salts = await client.query<{ id: string; salt: string }>(saltsText, [tenantIds]);
  const { nodeId, bootId, lane } = origin;
  const since = Math.max(0, (Number.isFinite(sinceMs) ? sinceMs : 0) - slackMs);
  const windows = await client.query<{ seqs: string[] }>(settledText, [nodeId, bootId, lane, since]);
  return {
    salts: new Map(salts.rows.map(({ id, salt }) => [id, salt.replaceAll("\n", "")])),
    settled: new Set(windows.rows.flatMap(({ seqs }) => seqs.map(Number))),
  };
}

/** Null when `isStopped` says so before the database answered. */
export async function readReplayFacts(question: FactsQuestion, isStopped: () => boolean): Promise<ReplayFacts | null> {
  for (let tries = 0; !isStopped(); tries += 1) {
    let connection: Connection | null = null;
    try {
      connection = await Connection.open(question.databaseUrl, "loom replay", limits.databaseTimeoutMs);
      return await connection.transact(limits.databaseTimeoutMs, (client) => ask(client, question));
    } catch {
      // The lane's own writer says that the database is away.
      await sleep(Math.min(limits.databaseRetryMsMax, firstRetryMs * 2 ** tries), undefined, { ref: false });
    } finally {
      connection?.close();
    }
  }
  return null;
}
