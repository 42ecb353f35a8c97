// Client keys: `sk-loom-<public id>-<secret>`. Shown once when made; the database keeps the SHA-256 and the prefix.
import { createHash, randomBytes } from "node:crypto";
import { uuidv7 } from "uuidv7";
import type { DisconnectPolicy } from "../config/tenant.js";
import { type Actor, loomItself, recordAuditEvent } from "./audit-events.js";
import { type Database, inTransaction } from "./database.js";
import { Refusal } from "./refusal.js";

export type KeyState = "active" | "expired" | "revoked";

export type KeyRow = {
  readonly id: string;
  readonly tenant: string;
  /** `sk-loom-<public id>`: what may be shown. */
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly onDisconnect: DisconnectPolicy;
  readonly state: KeyState;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly createdAt: Date;
};

export type NewKey = {
  readonly tenantId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  /** `cancel` when left out. */
  readonly onDisconnect?: DisconnectPolicy;
};

export type MadeKey = { readonly id: string; readonly key: string; readonly prefix: string };

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const publicIdLength = 10;
/** 62^43 is just above 2^256. */
const secretLength = 43;
const keyForm = /^(sk-loom-[0-9A-Za-z]{10})-[0-9A-Za-z]{43}$/;
const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A new key from the system's random source. */
export function makeKey(): { key: string; prefix: string; hash: Buffer } {
  const prefix = `sk-loom-${randomBase62(publicIdLength)}`;
  const key = `${prefix}-${randomBase62(secretLength)}`;
  return { key, prefix, hash: createHash("sha256").update(key).digest() };
}

function randomBase62(length: number): string {
  // 248 is the largest multiple of 62 in a byte: what is above would make the first letters more likely.
  const fairMax = 248;
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < fairMax && text.length < length) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}

/** Makes and keeps a key. The returned `key` cannot be had again. */
export async function createKey(db: Database, made: NewKey, by: Actor = loomItself): Promise<MadeKey> {
  const { tenantId, name, scopes, expiresAt, onDisconnect = "cancel" } = made;
  const { key, prefix, hash } = makeKey();
  const id = uuidv7();
  await inTransaction(db, async (tx) => {
    await tx.query(
      `INSERT INTO loom.api_keys (id, tenant_id, key_hash, prefix, name, scopes, expires_at, on_disconnect)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, tenantId, hash, prefix, name, scopes, expiresAt, onDisconnect],
    );
    const details = { id, name, scopes, expiresAt, onDisconnect };
    await recordAuditEvent(tx, { ...by, action: "key.create", tenantId, subject: prefix, details });
  });
  return { id, key, prefix };
}

/** Keys in the order in which they were made; of one tenant, or of all when `tenantId` is null. */
export async function listKeys(db: Database, tenantId: string | null): Promise<readonly KeyRow[]> {
  const { rows } = await db.query<KeyRow>(
    `SELECT k.id, t.name AS tenant, k.prefix, k.name, k.scopes, k.on_disconnect AS "onDisconnect",
       CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired' ELSE 'active' END
         AS state,
       k.expires_at AS "expiresAt", k.revoked_at AS "revokedAt", k.created_at AS "createdAt"
     FROM loom.api_keys k JOIN loom.tenants t ON t.id = k.tenant_id
     WHERE $1::uuid IS NULL OR k.tenant_id = $1
     ORDER BY k.created_at, k.id`,
    [tenantId],
  );
  return rows;
}

/**
 * Revokes a key by its prefix, its id, or the whole key. A revoked key keeps its first time of revocation.
 * @throws Refusal when no key is meant by it. A whole key is never repeated in the message.
 */
export async function revokeKey(
  db: Database,
  given: string,
  by: Actor = loomItself,
): Promise<{ prefix: string; again: boolean }> {
  const prefix = keyForm.exec(given)?.[1] ?? given;
  const column = uuidForm.test(given) ? "id" : "prefix";
  return inTransaction(db, async (tx) => {
    const { rows } = await tx.query<{ prefix: string; again: boolean; tenantId: string }>(
      `WITH before AS (SELECT id, revoked_at FROM loom.api_keys WHERE ${column} = $1 FOR UPDATE)
       UPDATE loom.api_keys k SET revoked_at = coalesce(before.revoked_at, now()) FROM before WHERE k.id = before.id
       RETURNING k.prefix, before.revoked_at IS NOT NULL AS again, k.tenant_id AS "tenantId"`,
      [prefix],
    );
    const revoked = rows[0];
    if (revoked === undefined)
      throw new Refusal("No key has that prefix or id.", "See `loom key list` for the prefixes.");
    const { tenantId, again } = revoked;
    const event = { ...by, action: "key.revoke", tenantId, subject: revoked.prefix, details: { again } };
    await recordAuditEvent(tx, event);
    return { prefix: revoked.prefix, again };
  });
}
