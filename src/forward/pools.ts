// Connection pools, one for each owner and origin: a base URL given by a tenant never shares a connection with
// another tenant, because a hostile upstream can leave an answer on an idle socket (CVE-2026-6733).
import { LRUCache } from "lru-cache";
import { type buildConnector, Pool } from "undici";
import { limits } from "../limits.js";
import type { LoomEvent } from "../report/events.js";
import { guardedConnector } from "./guarded-connect.js";

export type PoolOptions = {
  readonly connectTimeoutMs: number;
  readonly connectionsPerTargetMax: number;
  /** Hosts that a tenant's base URL may name although they are not public. */
  readonly allowedHosts?: readonly string[];
  readonly emit: (event: LoomEvent) => void;
};

/** Connections (open, idle) and requests (waiting for one, queued, running), as undici counts them. */
export type PoolStats = Readonly<Record<"connected" | "free" | "pending" | "queued" | "running", number>>;

// Below the idle time-out of common servers, so that Loom closes an idle connection before they do.
const keepAliveMs = 4000;
const keepAliveMaxMs = 25_000;

/** Closes without cutting what still runs on the pool. */
function retire(pool: Pool): void {
  pool.close().catch(() => {
    // A pool that cannot be closed has no connections left to keep.
  });
}

export class Pools {
  readonly #options: PoolOptions;
  readonly #pools: LRUCache<string, Pool>;
  readonly #guarded: buildConnector.connector;

  constructor(options: PoolOptions) {
    this.#options = options;
    const allowed = new Set((options.allowedHosts ?? []).map((host) => host.toLowerCase()));
    this.#guarded = guardedConnector(options.connectTimeoutMs, allowed);
    this.#pools = new LRUCache({ max: limits.upstreamPoolsMax, dispose: retire });
  }

  /** The pool for this owner and origin; made when there is none. */
  get(owner: string, origin: string): Pool {
    const name = `${owner} ${origin}`;
    const known = this.#pools.get(name);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      connections: this.#options.connectionsPerTargetMax,
      pipelining: 1,
      allowH2: false,
      connect: owner === "operator" ? { timeout: this.#options.connectTimeoutMs, noDelay: true } : this.#guarded,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMaxMs,
      maxHeaderSize: limits.upstreamHeaderBytesMax,
    });
    this.#pools.set(name, pool);
    return pool;
  }

  /**
   * Takes a pool out of use. undici flags a pool's connection as busy for ever when it refuses a request at
   * validation; after as many refusals as connections every later request would hang without an error.
   */
  replace(owner: string, origin: string, reason: string): void {
    if (this.#pools.delete(`${owner} ${origin}`)) this.#options.emit({ name: "pool_replaced", origin, reason });
  }

  /** Takes all pools of one owner out of use, after its settings have changed. */
  retireOwner(owner: string): void {
    for (const name of [...this.#pools.keys()]) {
      if (name.startsWith(`${owner} `)) this.#pools.delete(name);
    }
  }

  /** Of all pools together. */
  get stats(): PoolStats {
    const sums = { connected: 0, free: 0, pending: 0, queued: 0, running: 0 };
    for (const { stats } of this.#pools.values()) {
      sums.connected += stats.connected;
      sums.free += stats.free;
      sums.pending += stats.pending;
      sums.queued += stats.queued;
      sums.running += stats.running;
    }
    return sums;
  }

  get size(): number {
    return this.#pools.size;
  }

  async stop(): Promise<void> {
    const pools = [...this.#pools.values()];
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}
