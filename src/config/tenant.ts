// Who calls, and what that tenant may use: read from the database by authenticate/, understood by the whole path.
import type { ProviderSettings } from "./config.js";

export const failurePolicies = ["refuse", "serve"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

export type Tenant = {
  readonly id: string;
  readonly name: string;
  /** Salt of every key derived for this tenant, base64; null after an erasure. */
  readonly keySalt: string | null;
  readonly defaultProvider: string | null;
  /** While nothing can be recorded: refuse the tenant's requests, or serve them and leave a gap in the ledger. */
  readonly failurePolicy: FailurePolicy;
  /** The tenant's own settings by provider name. They go before the operator's of the same name. */
  readonly providers: ReadonlyMap<string, ProviderSettings>;
  /** The tenant's aliases: model -> ordered `provider/model` targets. */
  readonly routes: ReadonlyMap<string, readonly string[]>;
};

/** When a client leaves before its answer has ended: stop the provider, or read on to the usage, within bounds. */
export const disconnectPolicies = ["cancel", "drain"] as const;
export type DisconnectPolicy = (typeof disconnectPolicies)[number];

export type Caller = {
  readonly tenant: Tenant;
  readonly apiKeyId: string;
  readonly scopes: readonly string[];
  readonly onDisconnect: DisconnectPolicy;
};
