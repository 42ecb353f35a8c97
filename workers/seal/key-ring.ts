// The master keys, and every key that is derived from them: master -> tenant -> body. Key bytes live in this
// folder and in credentials.ts only, in buffers that are zero-filled when they leave the cache.
import { LRUCache } from "lru-cache";
import { limits } from "../../src/limits.js";
import { uuidBytes } from "../uuid-bytes.js";
import { deriveKey, keyBytes } from "./derive-key.js";

const dayMs = 86_400_000;
const keyVersionMax = 0x7fff_ffff;

/** Whose key: the tenant's id (text form) and its salt (base64). */
export type TenantKeyName = { readonly tenantId: string; readonly keySalt: string };

/** Which of a tenant's body keys: one for each UTC day and node, so that random nonces stay far below 2^32 a key. */
export type BodyKeyName = TenantKeyName & { readonly createdAtMs: number; readonly nodeId: string };

/**
 * Reads `"2:base64,1:base64"`, newest first.
 * Throws one Error that names every fault and never a key.
 */
export function parseMasterKeys(text: string): ReadonlyMap<number, Buffer> {
  const keys = new Map<number, Buffer>();
  const faults: string[] = [];
  const entries = text.split(",").map((entry) => entry.trim());
  for (const [index, entry] of entries.entries()) {
    const where = `entry ${index + 1}`;
    const match = /^([1-9][0-9]{0,9}):([A-Za-z0-9+/_-]*={0,2})$/.exec(entry);
    if (match === null) {
      faults.push(`${where} is not "version:base64"`);
      continue;
    }
    const version = Number(match[1]);
    const key = Buffer.from(match[2] ?? "", "base64");
    if (version > keyVersionMax) faults.push(`${where} has a version above ${keyVersionMax}`);
    if (keys.has(version)) faults.push(`version ${version} is there twice`);
    if (key.length !== keyBytes) faults.push(`${where} has ${key.length} bytes instead of ${keyBytes}`);
    keys.set(version, key);
  }
  if (faults.length > 0) throw new Error(`master keys: ${faults.join("; ")}`);
  return keys;
}

/** The UTC day of a time as `YYYY-MM-DD`. */
function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

const noSalt = Buffer.alloc(0);

function newestOf(masters: ReadonlyMap<number, Buffer>): number {
  return masters.keys().next().value as number;
}

export class KeyRing {
  #newest: number;
  #masters: ReadonlyMap<number, Buffer>;
  readonly #derived: LRUCache<string, Buffer>;

  /** `masterKeys` has the form of LOOM_MASTER_KEYS. Throws as parseMasterKeys. */
  constructor(masterKeys: string, derivedKeysMax: number = limits.derivedKeysMax) {
    this.#masters = parseMasterKeys(masterKeys);
    this.#newest = newestOf(this.#masters);
    this.#derived = new LRUCache({ max: derivedKeysMax, dispose: (key) => key.fill(0) });
  }

  /** The version that new things are sealed with. It changes when the ring is renewed: ask once for one row. */
  get newest(): number {
    return this.#newest;
  }

  /** Takes other master keys in the place of these, whole or not at all. Throws as parseMasterKeys. */
  renew(masterKeys: string): void {
    const masters = parseMasterKeys(masterKeys);
    this.#masters = masters;
    this.#newest = newestOf(masters);
    // A version whose key was corrected must not live on in what was derived from it.
    this.#derived.clear();
  }

  /** Drops and zero-fills what was derived for this tenant; for all of them when `tenantId` is null. */
  forget(tenantId: string | null): void {
    if (tenantId === null) return this.#derived.clear();
    for (const cacheKey of [...this.#derived.keys()]) {
      if (cacheKey.split("/", 2)[1] === tenantId) this.#derived.delete(cacheKey);
    }
  }

  /**
   * HKDF-SHA-256(master key, salt = the tenant's salt, info = "loom/tenant/v1" | u32 version | 16 bytes tenant id).
   * The buffer belongs to the ring: use it in the same turn. Throws an Error for a version that the ring has not.
   */
  tenantKey(version: number, name: TenantKeyName): Buffer {
    const cacheKey = `${version}/${name.tenantId}/${name.keySalt}`;
    const cached = this.#derived.get(cacheKey);
    if (cached !== undefined) return cached;
    const master = this.#masters.get(version);
    if (master === undefined) throw new Error(`there is no master key of version ${version}`);
    const salt = Buffer.from(name.keySalt, "base64");
    if (salt.length === 0) throw new Error("the tenant has no key salt");
    const info = Buffer.concat([Buffer.from("loom/tenant/v1"), Buffer.alloc(4), uuidBytes(name.tenantId)]);
    info.writeUInt32BE(version, info.length - 20);
    const key = deriveKey(master, salt, info);
    this.#derived.set(cacheKey, key);
    return key;
  }

  /** HKDF-SHA-256(tenant key, info = "loom/body/v1" | UTC day of creation | node id). Otherwise as tenantKey. */
  bodyKey(version: number, name: BodyKeyName): Buffer {
    const day = Math.floor(name.createdAtMs / dayMs);
    const cacheKey = `${version}/${name.tenantId}/${name.keySalt}/${day}/${name.nodeId}`;
    const cached = this.#derived.get(cacheKey);
    if (cached !== undefined) return cached;
    const info = Buffer.from(`loom/body/v1${dayText(day)}${name.nodeId}`);
    const key = deriveKey(this.tenantKey(version, name), noSalt, info);
    this.#derived.set(cacheKey, key);
    return key;
  }

  /** HKDF-SHA-256(tenant key, info = "loom/credential/v1"): provider keys never share a key with bodies. */
  credentialKey(version: number, name: TenantKeyName): Buffer {
    return deriveKey(this.tenantKey(version, name), noSalt, Buffer.from("loom/credential/v1"));
  }
}
