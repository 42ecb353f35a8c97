// Listens to Postgres for changes of keys and settings, so that a revocation reaches this process at once. A feed
// that was away has missed changes, so its return is itself a change of everything.
import pg from "pg";
import { z } from "zod";
import { assumeRole } from "../postgres/roles.js";
import type { LoomEvent } from "../report/events.js";

export type ChangeListener = {
  /** `strict`: what was cached of this tenant's keys must not be believed any more, not even in an outage. */
  onChange(tenantId: string, strict: boolean): void;
  /** Changes may have been missed. */
  onGap(): void;
};

export type ChangeFeed = {
  readonly isConnected: boolean;
  stop(): Promise<void>;
};

const messageShape = z.object({ table: z.string(), tenant: z.string() });
const strictTables: ReadonlySet<string> = new Set(["api_keys", "tenants"]);
const heartbeatMs = 5000;
const retryMs = { first: 100, max: 5000 } as const;

class Feed implements ChangeFeed {
  readonly #databaseUrl: string;
  readonly #listener: ChangeListener;
  readonly #emit: (event: LoomEvent) => void;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #state: "connecting" | "connected" | "stopped" = "connecting";
  #retryMs: number = retryMs.first;
  #awaySinceMs: number | null = null;

  constructor(databaseUrl: string, listener: ChangeListener, emit: (event: LoomEvent) => void) {
    this.#databaseUrl = databaseUrl;
    this.#listener = listener;
    this.#emit = emit;
  }

  get isConnected(): boolean {
    return this.#state === "connected";
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#databaseUrl,
      application_name: "loom change feed",
      connectionTimeoutMillis: heartbeatMs,
      query_timeout: heartbeatMs,
      keepAlive: true,
    });
    this.#client = client;
    client.on("error", (error) => this.#lose(client, error));
    client.on("end", () => this.#lose(client, new Error("the connection was closed")));
    client.on("notification", (message) => this.#read(message.payload ?? ""));
    try {
      await client.connect();
      await assumeRole(client, "loom_authenticator");
      await client.query("LISTEN loom_changed");
    } catch (error) {
      this.#lose(client, error);
      return;
    }
    if (this.#client !== client || this.#state === "stopped") return;
    this.#state = "connected";
    this.#retryMs = retryMs.first;
    if (this.#awaySinceMs !== null) {
      this.#emit({ name: "database_back", who: "change feed", awayMs: performance.now() - this.#awaySinceMs });
      this.#awaySinceMs = null;
    }
    this.#listener.onGap();
    this.#beat(client);
  }

  async stop(): Promise<void> {
    this.#state = "stopped";
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {
      // A connection that is broken already needs no farewell.
    });
  }

  /** A frozen server closes nothing; only a question without an answer shows it. */
  #beat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query("SELECT 1").then(
        () => {
          if (this.#client === client) this.#beat(client);
        },
        (error: unknown) => this.#lose(client, error),
      );
    }, heartbeatMs).unref();
  }

  #read(payload: string): void {
    let message: z.infer<typeof messageShape>;
    try {
      message = messageShape.parse(JSON.parse(payload));
    } catch {
      // Somebody else's message on our channel: treated as a change of anything.
      this.#listener.onGap();
      return;
    }
    this.#emit({ name: "settings_changed", tenantId: message.tenant });
    this.#listener.onChange(message.tenant, strictTables.has(message.table));
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client !== client || this.#state === "stopped") return;
    this.#client = null;
    this.#state = "connecting";
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#awaySinceMs === null) {
      this.#awaySinceMs = performance.now();
      const reason = error instanceof Error ? error.message : String(error);
      this.#emit({ name: "database_away", who: "change feed", reason });
    }
    client.end().catch(() => {
      // It is lost already.
    });
    this.#timer = setTimeout(() => void this.connect(), this.#retryMs * (0.5 + Math.random())).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.max);
  }
}

/** Starts the feed; resolves after the first try, whether it succeeded or not. */
export async function openChangeFeed(
  databaseUrl: string,
  listener: ChangeListener,
  emit: (event: LoomEvent) => void,
): Promise<ChangeFeed> {
  const feed = new Feed(databaseUrl, listener, emit);
  await feed.connect();
  return feed;
}
