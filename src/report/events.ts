// The named events of the gateway: the only vocabulary in which the path and the lanes say what happened.
// report.ts turns them into log lines and counters; nobody else logs.

export type LoomEvent =
  | { readonly name: "exchange_refused"; readonly code: string; readonly path: string; readonly traceId?: string }
  | { readonly name: "exchange_failed"; readonly code: string; readonly traceId: string; readonly message: string }
  | {
      readonly name: "traces_recorded";
      readonly lane: number;
      readonly rows: number;
      readonly bytes: number;
      readonly ms: number;
    }
  | {
      readonly name: "trace_dead";
      readonly lane: number;
      readonly id: string;
      readonly tenantId: string;
      readonly reason: string;
    }
  /** The one event that must never come: ids are the traces that could not be kept anywhere. */
  | { readonly name: "traces_lost"; readonly lane: number; readonly ids: readonly string[]; readonly reason: string }
  | { readonly name: "lane_started"; readonly lane: number }
  | { readonly name: "lane_crashed"; readonly lane: number; readonly reason: string; readonly exchanges: number }
  | { readonly name: "database_away"; readonly who: string; readonly reason: string }
  | { readonly name: "database_back"; readonly who: string; readonly awayMs: number }
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
