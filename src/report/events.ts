// The named events of the gateway: the only vocabulary in which the path and the lanes say what happened.
// report.ts turns them into log lines and counters; nobody else logs.

export type LoomEvent =
  | { readonly name: "exchange_refused"; readonly code: string; readonly path: string; readonly traceId?: string }
  | { readonly name: "exchange_failed"; readonly code: string; readonly traceId: string; readonly message: string }
  /** Served because the tenant's policy says so, while nothing could be recorded. */
  | {
      readonly name: "exchange_unrecorded";
      readonly lane: number;
      readonly traceId: string;
      readonly tenantId: string;
      readonly reason: string;
    }
  | {
      readonly name: "traces_recorded";
      readonly lane: number;
      readonly rows: number;
      readonly bytes: number;
      readonly ms: number;
    }
  /** So many rows of a batch were there already: its commit had happened, and nobody had heard. None was doubled. */
  | { readonly name: "traces_repeated"; readonly lane: number; readonly rows: number }
  /** A row of these could not be written: they are tried again in parts, until it is alone. */
  | { readonly name: "batch_split"; readonly lane: number; readonly rows: number }
  | {
      readonly name: "trace_dead";
      readonly lane: number;
      readonly id: string;
      readonly tenantId: string;
      readonly reason: string;
    }
  /** The one event that must never come: ids are the traces that could not be kept anywhere. */
  | { readonly name: "traces_lost"; readonly lane: number; readonly ids: readonly string[]; readonly reason: string }
  /** Not written before the lane's deadline; the next start does it. */
  | { readonly name: "traces_left"; readonly lane: number; readonly exchanges: number }
  /** A write, a flush, an allocation or a removal in the spool failed. */
  | { readonly name: "spool_failed"; readonly lane: number; readonly what: string; readonly reason: string }
  /** A file of the spool is not what was written; it is set aside as `.damaged`. */
  | { readonly name: "spool_damaged"; readonly lane: number; readonly what: string }
  /** What an ended process or worker left behind has been handed to the database. */
  | {
      readonly name: "spool_replayed";
      readonly lane: number;
      readonly boot: string;
      readonly exchanges: number;
      /** Of these, without an end. */
      readonly interrupted: number;
      /** Damaged, or sealed with a key that was erased. */
      readonly unreadable: number;
      /** Sealed with a master key that is not here; they stay. */
      readonly held: number;
      readonly tornTails: number;
      readonly ms: number;
    }
  | { readonly name: "lane_started"; readonly lane: number }
  | { readonly name: "lane_crashed"; readonly lane: number; readonly reason: string; readonly exchanges: number }
  | { readonly name: "database_away"; readonly who: string; readonly reason: string }
  | { readonly name: "database_back"; readonly who: string; readonly awayMs: number }
  | { readonly name: "checkpoint_failed"; readonly reason: string }
  /** How far a chain of the ledger had come; workers/ledger/checkpoint.ts says what is signed. */
  | {
      readonly name: "ledger_checkpoint";
      readonly chain: string;
      readonly number: number;
      readonly hash: string;
      readonly at: string;
      readonly keyId: string;
      readonly signature: string;
    }
  /** An alarm: no partition had been made for these rows. They are kept, and moved to partitions of their own. */
  | { readonly name: "partition_missing"; readonly rows: number }
  | { readonly name: "partition_dropped"; readonly partition: string; readonly rows: number; readonly days: number }
  /** Partitions are not made ahead, or not dropped when they should be. */
  | { readonly name: "maintenance_failed"; readonly task: "partitions" | "retention"; readonly reason: string }
  | { readonly name: "pool_replaced"; readonly origin: string; readonly reason: string }
  | { readonly name: "master_keys_changed"; readonly versions: readonly number[] }
  | { readonly name: "master_keys_unusable"; readonly reason: string }
  | { readonly name: "settings_changed"; readonly tenantId: string }
  | {
      readonly name: "provider_setting_unusable";
      readonly tenantId: string;
      readonly provider: string;
      readonly reason: string;
    };
