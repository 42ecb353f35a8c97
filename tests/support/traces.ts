// Reads recorded exchanges back as a test sees them: the row, and its bodies opened with the home's master key.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { KeyRing } from "../../workers/seal/key-ring.js";
import { openBody } from "../../workers/seal/open.js";

export type TraceRow = {
  readonly id: string;
  readonly tenant_id: string;
  readonly created_at: Date;
  readonly request_id: string | null;
  readonly trace_id: string;
  readonly endpoint: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly response_model: string | null;
  readonly status_code: number;
  readonly outcome: string;
  readonly error_code: string | null;
  readonly finish_reason: string | null;
  readonly streamed: boolean;
  readonly attempts: number;
  readonly latency_ms: number;
  readonly ttfb_ms: number | null;
  readonly gateway_overhead_ms: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly usage_source: string;
  readonly estimated_cost_usd: string | null;
  readonly price_version: string | null;
  readonly request_body: Buffer | null;
  readonly response_body: Buffer | null;
  readonly request_iv: Buffer | null;
  readonly response_iv: Buffer | null;
  readonly request_bytes: string;
  readonly response_bytes: string;
  readonly body_codec: string;
  readonly encryption_key_version: number;
  readonly session_id: string | null;
  readonly end_user: string | null;
  readonly tags: string[];
  readonly node_id: string;
  readonly lane: number;
  readonly seq: string;
};

/** The row of this trace id; waits for the COPY that brings it. */
export async function readTrace(pool: pg.Pool, id: string, timeoutMs = 5000): Promise<TraceRow> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await pool.query<TraceRow>("SELECT * FROM loom.traces WHERE id = $1", [id]);
    const [row] = rows;
    if (row !== undefined) return row;
    if (Date.now() > deadline) throw new Error(`no trace ${id} was recorded within ${timeoutMs} ms`);
    await sleep(20);
  }
}

export function readMasterKeys(home: string): string {
  return readFileSync(join(home, "master-keys"), "utf8").trim();
}

/** A row with the salt of its tenant: all that opening takes but the master keys. */
export type OpenableRow = TraceRow & { readonly key_salt: Buffer };

export async function readOpenableRows(pool: pg.Pool, ids: readonly string[]): Promise<OpenableRow[]> {
  const { rows } = await pool.query<OpenableRow>(
    "SELECT t.*, n.key_salt FROM loom.traces t JOIN loom.tenants n ON n.id = t.tenant_id WHERE t.id = ANY($1)",
    [ids],
  );
  return rows;
}

/** The plaintext of one recorded body, as text. */
export function openRow(ring: KeyRing, row: OpenableRow, column: "request_body" | "response_body"): string {
  const isRequest = column === "request_body";
  const opened = openBody(
    ring,
    {
      tenantId: row.tenant_id,
      keySalt: row.key_salt.toString("base64"),
      createdAtMs: row.created_at.getTime(),
      nodeId: row.node_id,
      id: row.id,
      column,
      codec: row.body_codec as "identity" | "deflate",
      keyVersion: row.encryption_key_version,
      iv: (isRequest ? row.request_iv : row.response_iv) ?? Buffer.alloc(0),
      sealed: (isRequest ? row.request_body : row.response_body) ?? Buffer.alloc(0),
    },
    64 * 1024 * 1024,
  );
  return opened.toString("utf8");
}

/** As openRow, by the id. `masterKeys` is what the home's file holds, where it holds them. */
export async function openTestBody(
  gateway: { readonly pool: pg.Pool; readonly home: string },
  id: string,
  column: "request_body" | "response_body",
  masterKeys: string = readMasterKeys(gateway.home),
): Promise<string> {
  const [row] = await readOpenableRows(gateway.pool, [id]);
  if (row === undefined) throw new Error(`there is no trace ${id}`);
  return openRow(new KeyRing(masterKeys), row, column);
}
