// What Postgres holds at the end of a run, with every body opened by the home's master keys.
import pg from "pg";
import { limits } from "../../../src/limits.js";
import { KeyRing } from "../../../workers/seal/key-ring.js";
import { openBody } from "../../../workers/seal/open.js";
import { readMasterKeys, type TraceRow } from "../../support/traces.js";

export type Recorded = {
  readonly id: string;
  readonly requestId: string | null;
  readonly outcome: string;
  readonly statusCode: number;
  readonly errorCode: string | null;
  /** `node/boot/lane`. */
  readonly chain: string;
  readonly seq: number;
  /** Null where the row has none; `unopened` where it does not open. */
  readonly request: Buffer | null | "unopened";
  readonly response: Buffer | null | "unopened";
};

export type DeadRow = { readonly id: string; readonly chain: string; readonly seq: number; readonly reason: string };

export type DatabaseState = {
  readonly rows: readonly Recorded[];
  readonly dead: readonly DeadRow[];
  /** Numbers that were given and never kept, as the ledger says itself. */
  readonly gaps: readonly DeadRow[];
  /** Requests that the rollups count. */
  readonly rolledUp: number;
};

type Numbered = {
  readonly id: string;
  readonly node_id: string;
  readonly boot_id: string;
  readonly lane: number;
  readonly seq: string;
  readonly reason: string;
};
type WholeRow = TraceRow & { readonly boot_id: string; readonly key_salt: Buffer | null };

/** Only the number of rows and gaps: cheap enough to be asked while a backlog drains. */
export async function countRows(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ found: string }>(
      "SELECT (SELECT count(*) FROM loom.traces) + (SELECT count(*) FROM loom.dead_traces) + (SELECT count(*) FROM loom.ledger_gaps) AS found",
    );
    return Number(rows[0]?.found ?? 0);
  });
}

export async function readDatabase(url: string, home: string): Promise<DatabaseState> {
  const ring = new KeyRing(readMasterKeys(home));
  return withClient(url, async (client) => {
    const rows: Recorded[] = [];
    // In pieces: the bodies of a whole run are more than should be held at once.
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await client.query(
      "DECLARE every NO SCROLL CURSOR FOR SELECT t.*, n.key_salt FROM loom.traces t JOIN loom.tenants n ON n.id = t.tenant_id",
    );
    for (;;) {
      const piece = await client.query<WholeRow>("FETCH 200 FROM every");
      if (piece.rows.length === 0) break;
      for (const row of piece.rows) rows.push(describe(row, ring));
    }
    const dead = await client.query<Numbered>("SELECT id, node_id, boot_id, lane, seq, reason FROM loom.dead_traces");
    const gaps = await client.query<Numbered>("SELECT id, node_id, boot_id, lane, seq, reason FROM loom.ledger_gaps");
    const sums = await client.query<{ sum: string | null }>("SELECT sum(requests) FROM loom.usage_rollups");
    await client.query("COMMIT");
    return {
      rows,
      dead: dead.rows.map(numbered),
      gaps: gaps.rows.map(numbered),
      rolledUp: Number(sums.rows[0]?.sum ?? 0),
    };
  });
}

function numbered(row: Numbered): DeadRow {
  return { id: row.id, chain: chainOf(row), seq: Number(row.seq), reason: row.reason };
}

function chainOf(row: { node_id: string; boot_id: string; lane: number }): string {
  return `${row.node_id}/${row.boot_id}/${row.lane}`;
}

function describe(row: WholeRow, ring: KeyRing): Recorded {
  return {
    id: row.id,
    requestId: row.request_id,
    outcome: row.outcome,
    statusCode: row.status_code,
    errorCode: row.error_code,
    chain: chainOf(row),
    seq: Number(row.seq),
    request: open(row, ring, "request_body", row.request_iv),
    response: open(row, ring, "response_body", row.response_iv),
  };
}

function open(
  row: WholeRow,
  ring: KeyRing,
  column: "request_body" | "response_body",
  iv: Buffer | null,
): Buffer | null | "unopened" {
  const sealed = row[column];
  if (sealed === null || iv === null) return null;
  try {
    const subject = {
      tenantId: row.tenant_id,
      keySalt: row.key_salt?.toString("base64") ?? "",
      createdAtMs: row.created_at.getTime(),
      nodeId: row.node_id,
      id: row.id,
      column,
      codec: row.body_codec as "identity" | "deflate",
      keyVersion: row.encryption_key_version,
    };
    return openBody(ring, { ...subject, iv, sealed }, 2 * limits.captureBytesMax);
  } catch {
    return "unopened";
  }
}

async function withClient<Answer>(url: string, work: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
  const client = new pg.Client({ connectionString: url, application_name: "fault verdict" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
