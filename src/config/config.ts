// The whole configuration, frozen: what read-config.ts makes of the environment and loom.yaml.
import type { Durability } from "../trace/lane-messages.js";
import type { Secret } from "./secret.js";

export const providerKinds = ["openai", "azure-openai", "openai-compatible", "mock"] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** Settings of one provider, whether the operator's (environment, loom.yaml) or a tenant's (database). */
export type ProviderSettings = {
  /** The name used in `provider/model`. */
  readonly name: string;
  readonly kind: ProviderKind;
  /** Origin and base path without a trailing slash, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly credential: Secret | null;
  /** How the credential is sent. */
  readonly auth: "bearer" | "api-key" | "none";
  /** Azure: a dated version means the classic deployment paths; null means the v1 paths. */
  readonly apiVersion: string | null;
  /** Azure: model name -> deployment name, where they differ. */
  readonly deployments: Readonly<Record<string, string>>;
  /** Whether it gets a `traceparent` (not when left out), which names Loom's own traces; never a client's baggage. */
  readonly trusted?: boolean;
};

export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

export const logFormats = ["auto", "json", "pretty"] as const;
export const otlpProtocols = ["http/protobuf", "grpc"] as const;
export const telemetryExporters = ["otlp", "none"] as const;
export const samplerNames = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** What goes to an OpenTelemetry collector. */
export type OtelSettings = {
  /** null: no spans are made. */
  readonly traces: { readonly protocol: (typeof otlpProtocols)[number] } | null;
  /** null: metrics are not pushed. */
  readonly metrics: { readonly protocol: (typeof otlpProtocols)[number]; readonly intervalMs: number } | null;
  /** `ignored`: the caller's own decision counts for nothing. */
  readonly sampler: { readonly parent: "followed" | "ignored"; readonly ratio: number };
  readonly slowMs: number;
  readonly captureContent: boolean;
  /** Where people see the spans, without a slash at its end; null: the dashboard has no link to them. */
  readonly jaegerUrl: string | null;
  /** The OTEL_ variables, settings of loom.yaml among them, as the SDK in a worker reads them. */
  readonly environment: Readonly<Record<string, Secret>>;
};

/** The transit engine of HashiCorp Vault, or of OpenBao. */
export type VaultSettings = {
  /** Such as `https://vault.example:8200`. */
  readonly address: string;
  /** Exactly one of `token` and `tokenFile` is set. The file is read anew for each call. */
  readonly token: Secret | null;
  readonly tokenFile: string | null;
  readonly namespace: string | null;
  /** Where the engine is mounted. */
  readonly mount: string;
  /** The name of the key that wraps. */
  readonly key: string;
};

/** Who keeps the master keys from plain sight: nobody but the file's mode, or an external key service. */
export type KeySourceSettings =
  | { readonly source: "local" }
  | { readonly source: "vault"; readonly vault: VaultSettings };

export type Config = {
  /** Absolute path of Loom's own folder. */
  readonly home: string;
  /** The loom.yaml that was read, or null. */
  readonly file: string | null;
  readonly listen: {
    readonly host: string;
    /** 0 takes any free port. */
    readonly port: number;
    /**
     * `refuse` answers chunked requests with 411; `accept` takes them. null: what the front end reads rightly, so
     * `refuse` for the native one, which closes the connection after each that it takes, and `accept` for node:http.
     */
    readonly chunkedRequests: "refuse" | "accept" | null;
    readonly bodyBytesMax: number;
    /** Larger bodies that are not JSON, up to this size, are passed on while they come. */
    readonly uploadBytesMax: number;
    /** Bytes of all request bodies held at once; above, requests are refused with `overloaded`. */
    readonly bodyBytesInFlightMax: number;
    /** Exchanges open at once; further ones are refused with `overloaded`. */
    readonly exchangesMax: number;
    /** For node:http; the native front end has about 30 seconds for both, and no setting. */
    readonly headersTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    /** How long a body may take, and a second more for each `limits.bodyBytesPerSecondMin` that have come. */
    readonly bodyTimeoutMs: number;
    /** How long a client may take nothing of what waits for it. */
    readonly writeTimeoutMs: number;
    /** From a request's first byte to the end of its answer. */
    readonly exchangeTimeoutMs: number;
    /** After how much silence a stream gets a comment, between events only; null for none. */
    readonly keepAliveCommentsMs: number | null;
    /** null: the native one where it loads, else node:http. */
    readonly frontEnd: "native" | "node" | null;
  };
  /** null: the embedded PostgreSQL in `home`. */
  readonly databaseUrl: Secret | null;
  /** `version:base64` entries, newest first. null: the key file in `home`, made at the first start. */
  readonly masterKeys: Secret | null;
  /** The file that `masterKeys` was read from (LOOM_MASTER_KEYS_FILE); it is watched for a rotation. */
  readonly masterKeysFile: string | null;
  readonly keys: KeySourceSettings;
  /** PKCS 8 PEM of the Ed25519 key that signs the ledger. null: the key file in `home`, made at the first start. */
  readonly ledgerKey: Secret | null;
  readonly durability: Durability;
  readonly lanes: number;
  /** Gateway processes on one port; 1 has no supervisor. */
  readonly processes: number;
  readonly logLevel: LogLevel;
  readonly log: {
    /** The share of successful exchanges that leave a line, 0 to 1. */
    readonly sampleRatio: number;
    /** `auto`: for a person when standard output is a terminal. */
    readonly format: (typeof logFormats)[number];
  };
  readonly metrics: {
    readonly enabled: boolean;
    /** null: /metrics answers everybody. */
    readonly token: Secret | null;
  };
  readonly otel: OtelSettings;
  readonly capture: {
    /** Bytes of one answer that are kept in its trace. */
    readonly bytesMax: number;
    /** Bytes of all answers held or not recorded yet; above, providers are slowed down. */
    readonly bytesInFlightMax: number;
  };
  readonly upstream: {
    readonly connectTimeoutMs: number;
    /** From the request sent to the first byte of the response head. */
    readonly firstByteTimeoutMs: number;
    /** The longest silence between two pieces of an answer. */
    readonly idleTimeoutMs: number;
    /** The longest time of one attempt altogether. */
    readonly totalTimeoutMs: number;
    readonly connectionsPerTargetMax: number;
    /** Hosts that a tenant's base URL may name although they are not public: names or addresses. */
    readonly allowedHosts: readonly string[];
  };
  readonly auth: {
    /** How long a cached key is believed without asking the database again. */
    readonly freshMs: number;
    /** How long a known key is served while the database is away. */
    readonly staleMaxMs: number;
  };
  /** Traces older than this many days are dropped, a whole partition at a time; null keeps them for ever. */
  readonly retentionDays: number | null;
  /** How long SIGTERM lets open exchanges run. */
  readonly drainTimeoutMs: number;
  /** The operator's providers: what every tenant may use that has no settings of its own for that name. */
  readonly providers: readonly ProviderSettings[];
  /** Aliases for every tenant: model -> ordered `provider/model` targets. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  /** The provider of a bare model name. */
  readonly defaultProvider: string;
  /** A SHA-256 of another build of the front end's addon that the operator accepts; null: the pinned ones only. */
  readonly frontEndSha256: string | null;
};
