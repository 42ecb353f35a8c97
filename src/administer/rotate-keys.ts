// A rotation of the master keys: a new version in front, and the provider credentials sealed again under it. Bodies
// stay as they are, under the version that their row names.
import { type Actor, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";

export type CredentialToReseal = {
  readonly tenantId: string;
  /** The tenant's salt, base64. */
  readonly keySalt: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly sealed: Buffer;
};

/** The credential under the newest master key; null when it is under that already. Rejects when it cannot be opened. */
export type ResealCredential = (input: CredentialToReseal) => Promise<Uint8Array | null>;

export type Rotation = {
  /** The version that new things are sealed with from now on. */
  readonly version: number;
  /** Credentials that are under it now. */
  readonly resealed: number;
  /** `tenant/provider` of those that no master key opens, as they were before. */
  readonly unopened: readonly string[];
};

type SealedRow = {
  readonly tenant_id: string;
  readonly tenant: string;
  readonly key_salt: Buffer;
  readonly provider: string;
  readonly base_url: string;
  readonly credentials: Buffer;
};

/** Any number that nothing else on the server uses. */
const lockKey = "5505077160072";

/**
 * Adds a version by `add`, then seals the credentials again by `reseal`. `db` must be one connection, or a pool of one:
 * its session holds the lock that keeps two rotations apart.
 */
export async function rotateMasterKeys(
  db: Database,
  { add, reseal }: { add: () => Promise<{ readonly version: number }>; reseal: ResealCredential },
  by: Actor,
): Promise<Rotation> {
  await db.query("SELECT pg_advisory_lock($1::bigint)", [lockKey]);
  try {
    const { version } = await add();
    await recordAuditEvent(db, {
      ...by,
      action: "master-keys.rotate",
      tenantId: null,
      subject: `version ${version}`,
      details: { version },
    });
    return { version, ...(await resealCredentials(db, reseal, by)) };
  } finally {
    await db.query("SELECT pg_advisory_unlock($1::bigint)", [lockKey]);
  }
}

async function resealCredentials(db: Database, reseal: ResealCredential, by: Actor) {
  const { rows } = await db.query<SealedRow>(
    `SELECT p.tenant_id, t.name AS tenant, t.key_salt, p.provider, p.settings ->> 'baseUrl' AS base_url, p.credentials
       FROM loom.provider_configs p JOIN loom.tenants t ON t.id = p.tenant_id
      WHERE p.credentials IS NOT NULL AND t.key_salt IS NOT NULL ORDER BY t.name, p.provider`,
  );
  let resealed = 0;
  const unopened: string[] = [];
  for (const row of rows) {
    const outcome = await resealRow(db, row, reseal, by);
    if (outcome === "unopened") unopened.push(`${row.tenant}/${row.provider}`);
    else if (outcome === "resealed") resealed += 1;
  }
  return { resealed, unopened };
}

async function resealRow(
  db: Database,
  row: SealedRow,
  reseal: ResealCredential,
  by: Actor,
): Promise<"resealed" | "newest" | "unopened"> {
  const keySalt = row.key_salt.toString("base64");
  const subject = { tenantId: row.tenant_id, keySalt, provider: row.provider, baseUrl: row.base_url };
  let sealed: Uint8Array | null;
  try {
    sealed = await reseal({ ...subject, sealed: row.credentials });
  } catch {
    return "unopened";
  }
  if (sealed === null) return "newest";
  const bytes = Buffer.from(sealed);
  await inTransaction(db, async (tx) => {
    // Somebody may have set another key in the meantime: that one is under the newest version already.
    const { rowCount } = await tx.query(
      "UPDATE loom.provider_configs SET credentials = $3 WHERE tenant_id = $1 AND provider = $2 AND credentials = $4",
      [row.tenant_id, row.provider, bytes, row.credentials],
    );
    if (rowCount === 0) return;
    const details = { version: bytes.readUInt32BE(1) };
    const event = { ...by, action: "provider.reseal", tenantId: row.tenant_id, subject: row.provider, details };
    await recordAuditEvent(tx, event);
  });
  return "resealed";
}
