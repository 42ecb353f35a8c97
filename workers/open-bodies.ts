// Piscina entry: reads the sealed bodies of one trace and opens them for a reader with the scope `bodies:read`, so
// that neither keys nor whole bodies come to the main thread: only the part that was asked for does.
import type pg from "pg";
import { limits } from "../src/limits.js";
import { openPool } from "../src/postgres/connect.js";
import { decodeAnswer } from "./account/decode-answer.js";
import type { BodyCodec } from "./seal/binding.js";
import { KeyRing } from "./seal/key-ring.js";
import { openBody } from "./seal/open.js";

export type OpenBodiesInput = {
  readonly databaseUrl: string;
  /** The form of LOOM_MASTER_KEYS. */
  readonly masterKeys: string;
  readonly tenantId: string;
  /** base64 */
  readonly keySalt: string;
  readonly id: string;
  /** Where to look for it, the likeliest first. */
  readonly times: readonly { readonly from: string; readonly to: string }[];
  readonly parts: readonly ("request" | "response")[];
  /** Of each part, in bytes of the decoded body. A negative offset counts from the end. */
  readonly offset: number;
  readonly length: number;
};

/** `bytes` is a copy of its own; `total` the size of the whole decoded body. */
export type OpenedBody = {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly total: number;
  /** The content encoding that was undone, or null. */
  readonly decoded: string | null;
  readonly contentType: string | null;
  readonly captureTruncated: boolean;
};

type SealedRow = {
  readonly atMs: number;
  readonly nodeId: string;
  readonly codec: BodyCodec;
  readonly keyVersion: number;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly captureTruncated: boolean;
  readonly request: Buffer | null;
  readonly requestIv: Buffer | null;
  readonly response: Buffer | null;
  readonly responseIv: Buffer | null;
};

/** The parts that were asked for and have bytes; null when there is no such trace. Throws an Error when one does not open. */
export async function openBodies(
  input: OpenBodiesInput,
): Promise<{ request: OpenedBody | null; response: OpenedBody | null } | null> {
  const row = await readRow(input);
  if (row === null) return null;
  const ring = new KeyRing(input.masterKeys);
  try {
    return {
      request: input.parts.includes("request") ? openPart(input, row, ring, "request") : null,
      response: input.parts.includes("response") ? openPart(input, row, ring, "response") : null,
    };
  } finally {
    ring.forget(null);
  }
}

async function readRow(input: OpenBodiesInput): Promise<SealedRow | null> {
  const pool = openPool({
    url: input.databaseUrl,
    max: 1,
    applicationName: "loom bodies",
    role: "loom_reader",
    statementTimeoutMs: limits.queryTimeoutMs,
  });
  try {
    const client = await pool.connect();
    try {
      await client.query("BEGIN READ ONLY");
      await client.query("SELECT set_config('loom.tenant', $1, true)", [input.tenantId]);
      for (const time of input.times) {
        const row = await findRow(client, input, time);
        if (row !== null) return row;
      }
      return null;
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}

async function findRow(
  client: pg.PoolClient,
  { tenantId, id, parts }: OpenBodiesInput,
  { from, to }: OpenBodiesInput["times"][number],
): Promise<SealedRow | null> {
  const wanted = (part: "request" | "response") => (parts.includes(part) ? `${part}_body` : "NULL::bytea");
  const { rows } = await client.query<SealedRow>(
    `SELECT extract(epoch FROM created_at)::float8 * 1000 AS "atMs", node_id AS "nodeId", body_codec AS codec,
       encryption_key_version AS "keyVersion", content_type AS "contentType", content_encoding AS "contentEncoding",
       capture_truncated AS "captureTruncated", ${wanted("request")} AS request, request_iv AS "requestIv",
       ${wanted("response")} AS response, response_iv AS "responseIv"
     FROM loom.traces
     WHERE tenant_id = $1 AND created_at BETWEEN $2::timestamptz AND $3::timestamptz AND id = $4`,
    [tenantId, from, to, id],
  );
  return rows[0] ?? null;
}

function openPart(
  input: OpenBodiesInput,
  row: SealedRow,
  ring: KeyRing,
  part: "request" | "response",
): OpenedBody | null {
  const [sealed, iv] = part === "request" ? [row.request, row.requestIv] : [row.response, row.responseIv];
  if (sealed === null || iv === null) return null;
  const { tenantId, keySalt, id, offset, length } = input;
  const subject = { tenantId, keySalt, id, createdAtMs: row.atMs, nodeId: row.nodeId };
  const { codec, keyVersion } = row;
  const plain = openBody(
    ring,
    { ...subject, column: `${part}_body`, codec, keyVersion, iv, sealed },
    limits.requestBodyBytesMax,
  );
  const encoding = part === "response" ? row.contentEncoding : null;
  const decodedBytes = encoding === null ? null : decodeAnswer(plain, encoding);
  const whole = decodedBytes ?? plain;
  if (whole.length === 0) return null;
  const from = Math.min(whole.length, offset < 0 ? Math.max(0, whole.length + offset) : offset);
  return {
    bytes: new Uint8Array(whole.subarray(from, from + length)),
    offset: from,
    total: whole.length,
    decoded: decodedBytes === null ? null : encoding,
    contentType: part === "request" ? "application/json" : row.contentType,
    captureTruncated: part === "response" && row.captureTruncated,
  };
}
