// Client key -> caller, through a cache. A hit costs a hash and two map look-ups; a miss asks Postgres once however
// many requests wait for it; while Postgres is away the last known answers are served, and unknown keys wait for it.
import { LRUCache } from "lru-cache";
import type { Caller } from "../config/tenant.js";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import { hashClientKey, readClientKey } from "./client-key.js";
import type { KnownKey } from "./key-snapshot.js";
import type { LoadedKey } from "./load-caller.js";

export type AuthenticateOptions = {
  /** Asks the database. Null: unknown. Rejects: could not be asked. */
  readonly load: (keyHash: string) => Promise<LoadedKey | null>;
  readonly freshMs: number;
  readonly staleMaxMs: number;
  /** Monotonic time in ms. */
  readonly now: () => number;
};

type CachedKey = { readonly loaded: LoadedKey; readonly checkedAtMs: number };
/** `fresh`: served. `aged`: served while it is asked again, since the feed tells of changes. `doubtful`: asked first. */
type Standing = "fresh" | "aged" | "doubtful";
type Change = { readonly atMs: number; readonly strict: boolean };

export class Authenticator {
  readonly #options: AuthenticateOptions;
  readonly #known = new LRUCache<string, CachedKey>({ max: limits.cachedKeysMax });
  /** Apart from the good keys, so that a flood of guesses evicts none of them. */
  readonly #unknown: LRUCache<string, true>;
  readonly #lookups = new Map<string, Promise<Caller>>();
  readonly #changes = new Map<string, Change>();
  #gapAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: AuthenticateOptions) {
    this.#options = options;
    this.#unknown = new LRUCache({
      max: limits.cachedUnknownKeysMax,
      ttl: limits.unknownKeyMs,
      ttlResolution: 0,
      perf: options,
    });
  }

  /**
   * The caller of a request; a promise only when the database must be asked.
   * Throws or rejects with LoomError `missing_api_key`, `invalid_api_key` or `auth_unavailable`.
   */
  authenticate(headers: ReadonlyMap<string, string>): Caller | Promise<Caller> {
    const keyHash = hashClientKey(readClientKey(headers));
    const cached = this.#known.get(keyHash);
    const standing = cached === undefined ? "doubtful" : this.#standingOf(cached);
    if (cached !== undefined && standing === "fresh") return this.#admit(cached.loaded);
    if (cached === undefined && this.#unknown.get(keyHash)) throw new LoomError("invalid_api_key");
    const lookup = this.#lookUp(keyHash, cached);
    if (cached === undefined || standing === "doubtful") return lookup;
    lookup.catch(() => {
      // The request that comes after a failed refresh finds out for itself.
    });
    return this.#admit(cached.loaded);
  }

  #lookUp(keyHash: string, cached: CachedKey | undefined): Promise<Caller> {
    const running = this.#lookups.get(keyHash);
    if (running !== undefined) return running;
    if (this.#lookups.size >= limits.pendingKeyLookupsMax) return Promise.reject(new LoomError("auth_unavailable"));
    const lookup = this.#ask(keyHash, cached).finally(() => this.#lookups.delete(keyHash));
    this.#lookups.set(keyHash, lookup);
    return lookup;
  }

  /** Something of this tenant changed; see ChangeListener. */
  noteChange(tenantId: string, strict: boolean): void {
    const before = this.#changes.get(tenantId);
    this.#changes.set(tenantId, { atMs: this.#options.now(), strict: strict || before?.strict === true });
    this.#unknown.clear();
  }

  /** Changes may have been missed: everything is asked again when it is next used. */
  noteGap(): void {
    this.#gapAtMs = this.#options.now();
    this.#unknown.clear();
  }

  /** Asks again about keys that a change has made doubtful, at most so many: for a snapshot that should hold them. */
  async recheckChanged(keysMax: number): Promise<void> {
    const lookups: Promise<unknown>[] = [];
    for (const [keyHash, cached] of this.#known.entries()) {
      if (lookups.length >= keysMax) break;
      if (!this.#mayServeStale(cached)) lookups.push(this.#lookUp(keyHash, cached));
    }
    await Promise.allSettled(lookups);
  }

  /** The keys that may be served without the database, for a snapshot; `unixNowMs` is the unix time of `now`. */
  *known(unixNowMs: number): Generator<KnownKey> {
    const nowMs = this.#options.now();
    for (const [keyHash, cached] of this.#known.entries()) {
      // A key that was changed since must not come back by a restart.
      if (!this.#mayServeStale(cached)) continue;
      yield { keyHash, loaded: cached.loaded, checkedAtUnixMs: unixNowMs - (nowMs - cached.checkedAtMs) };
    }
  }

  /** Takes a snapshot back. Each key is asked again when it is first used, and served if nobody can be asked. */
  restore(keys: Iterable<KnownKey>, unixNowMs: number): void {
    const nowMs = this.#options.now();
    for (const { keyHash, loaded, checkedAtUnixMs } of keys) {
      if (this.#known.has(keyHash)) continue;
      this.#known.set(keyHash, { loaded, checkedAtMs: nowMs - Math.max(0, unixNowMs - checkedAtUnixMs) });
    }
    this.noteGap();
  }

  #standingOf({ loaded, checkedAtMs }: CachedKey): Standing {
    const change = this.#changes.get(loaded.caller.tenant.id);
    if (checkedAtMs <= this.#gapAtMs || (change !== undefined && checkedAtMs <= change.atMs)) return "doubtful";
    const ageMs = this.#options.now() - checkedAtMs;
    if (ageMs <= this.#options.freshMs) return "fresh";
    return ageMs <= this.#options.staleMaxMs ? "aged" : "doubtful";
  }

  /** Whether a key may still be served although the database cannot be asked. */
  #mayServeStale({ loaded, checkedAtMs }: CachedKey): boolean {
    const change = this.#changes.get(loaded.caller.tenant.id);
    if (change?.strict && checkedAtMs <= change.atMs) return false;
    return this.#options.now() - checkedAtMs <= this.#options.staleMaxMs;
  }

  async #ask(keyHash: string, cached: CachedKey | undefined): Promise<Caller> {
    // Taken before the question: a change that comes while it is open makes the answer stale.
    const checkedAtMs = this.#options.now();
    let loaded: LoadedKey | null;
    try {
      loaded = await this.#options.load(keyHash);
    } catch (cause) {
      if (cached !== undefined && this.#mayServeStale(cached)) return this.#admit(cached.loaded);
      throw new LoomError("auth_unavailable", { cause });
    }
    if (loaded === null || !loaded.usable) {
      this.#known.delete(keyHash);
      this.#unknown.set(keyHash, true);
      throw new LoomError("invalid_api_key");
    }
    this.#known.set(keyHash, { loaded, checkedAtMs });
    return this.#admit(loaded);
  }

  #admit(loaded: LoadedKey): Caller {
    if (loaded.expiresAtMs !== null && loaded.expiresAtMs <= Date.now()) throw new LoomError("invalid_api_key");
    return loaded.caller;
  }
}
