// Makes the one frozen Config of checked settings: defaults where nothing was said, and what only shows in combination.
import { resolve } from "node:path";
import { limits } from "../limits.js";
import { providerOf } from "../providers/provider-table.js";
import type { Config, ProviderSettings } from "./config.js";
import type { ConfigFault } from "./config-faults.js";
import type { FileSettings } from "./config-schema.js";
import { composeProcesses, defaultHome } from "./default-home.js";
import { composeKeySource } from "./key-source.js";
import { nearestName } from "./nearest-name.js";
import { composeOtel } from "./otel-settings.js";
import { makeProviderSettings } from "./provider-settings.js";
import { Secret } from "./secret.js";

const MiB = 1024 * 1024;

export type Surroundings = {
  readonly file: string | null;
  readonly cwd: string;
  readonly uid: number | null;
  readonly cores: number;
  /** For the OTEL_ variables that have no setting of their own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file that gave the master keys, if one did. */
  readonly masterKeysFile?: string | null;
  /** Names of the providers that loom.yaml has an entry for: those must be complete. */
  readonly written: readonly string[];
  readonly locate: (path: readonly string[]) => string;
};

/** The configuration, deeply frozen; faults are added to the list, and then the result is not to be used. */
export function composeConfig(settings: FileSettings, around: Surroundings, faults: ConfigFault[]): Config {
  const { listen, upstream, auth } = settings;
  const providers = composeProviders(settings, around, faults);
  const config: Config = {
    home: settings.home === undefined ? defaultHome(around.cwd, around.uid) : resolve(around.cwd, settings.home),
    file: around.file,
    listen: {
      host: listen?.host ?? "127.0.0.1",
      port: listen?.port ?? 8080,
      chunkedRequests: listen?.chunkedRequests ?? null,
      bodyBytesMax: listen?.bodyBytesMax ?? 32 * MiB,
      uploadBytesMax: listen?.uploadBytesMax ?? 1024 * MiB,
      bodyBytesInFlightMax: listen?.bodyBytesInFlightMax ?? 512 * MiB,
      exchangesMax: listen?.exchangesMax ?? 10_000,
      headersTimeoutMs: listen?.headersTimeoutMs ?? 10_000,
      keepAliveTimeoutMs: listen?.keepAliveTimeoutMs ?? 30_000,
      bodyTimeoutMs: listen?.bodyTimeoutMs ?? 30_000,
      writeTimeoutMs: listen?.writeTimeoutMs ?? 30_000,
      exchangeTimeoutMs: listen?.exchangeTimeoutMs ?? 2 * 3_600_000,
      keepAliveCommentsMs: listen?.keepAliveCommentsMs || null,
      frontEnd: listen?.frontEnd ?? null,
    },
    databaseUrl: settings.database?.url === undefined ? null : new Secret(settings.database.url),
    masterKeys: settings.masterKeys === undefined ? null : new Secret(settings.masterKeys),
    masterKeysFile: settings.masterKeys === undefined ? null : (around.masterKeysFile ?? null),
    ledgerKey: settings.ledgerKey === undefined ? null : new Secret(settings.ledgerKey),
    keys: composeKeySource(settings, around.locate, faults),
    capture: {
      bytesMax: settings.capture?.bytesMax ?? limits.captureBytesMax,
      bytesInFlightMax: settings.capture?.bytesInFlightMax ?? 256 * MiB,
    },
    durability: settings.durability ?? "process",
    ...composeProcesses(settings, around.cores),
    logLevel: settings.logLevel ?? "info",
    log: { sampleRatio: settings.log?.sampleRatio ?? 1, format: settings.log?.format ?? "auto" },
    metrics: {
      enabled: settings.metrics?.enabled ?? true,
      token: settings.metrics?.token === undefined ? null : new Secret(settings.metrics.token),
    },
    otel: composeOtel(settings.otel, around.env),
    upstream: {
      connectTimeoutMs: upstream?.connectTimeoutMs ?? 5000,
      firstByteTimeoutMs: upstream?.firstByteTimeoutMs ?? 600_000,
      idleTimeoutMs: upstream?.idleTimeoutMs ?? 300_000,
      totalTimeoutMs: upstream?.totalTimeoutMs ?? 3_600_000,
      connectionsPerTargetMax: upstream?.connectionsPerTargetMax ?? 256,
      allowedHosts: upstream?.allowedHosts ?? [],
    },
    auth: { freshMs: auth?.freshMs ?? 60_000, staleMaxMs: auth?.staleMaxMs ?? 86_400_000 },
    retentionDays: settings.retention?.days ?? null,
    drainTimeoutMs: settings.drainTimeoutMs ?? 30_000,
    providers,
    routes: Object.fromEntries(
      Object.entries(settings.routes ?? {}).map(([alias, to]) => [alias, typeof to === "string" ? [to] : to]),
    ),
    defaultProvider: settings.defaultProvider ?? chooseDefaultProvider(providers),
    frontEndSha256: listen?.frontEndSha256?.toLowerCase() ?? null,
  };
  checkCombination(config, around, faults);
  checkFrontEnd(settings, around, faults);
  return freezeDeep(config);
}

function composeProviders(settings: FileSettings, around: Surroundings, faults: ConfigFault[]): ProviderSettings[] {
  const providers = Object.entries(settings.providers ?? {}).map(([name, entry]) => makeProviderSettings(name, entry));
  for (const { name, baseUrl } of providers) {
    // A key without an endpoint in the environment may be meant for another program: a provider that lacks something.
    if (baseUrl !== "" || !around.written.includes(name)) continue;
    const fix = "Add baseUrl, such as https://host/v1.";
    faults.push({ where: around.locate(["providers", name]), message: "This provider has no baseUrl.", fix });
  }
  return providers;
}

/** `openai`, else `azure-openai`, else the first; one that can be called goes before one that lacks something. */
function chooseDefaultProvider(providers: readonly ProviderSettings[]): string {
  const ready = providers.filter((provider) => providerOf(provider.kind).lacks(provider) === null);
  const names = (ready.length > 0 ? ready : providers).map((provider) => provider.name);
  return ["openai", "azure-openai"].find((name) => names.includes(name)) ?? names[0] ?? "mock";
}

function checkCombination(config: Config, around: Surroundings, faults: ConfigFault[]): void {
  // Tenants may bring their own settings for these, so the operator need not have any.
  const own = [...around.written, ...config.providers.map((provider) => provider.name)];
  const known = [...new Set([...own, "openai", "azure-openai", "mock"])];
  if (!known.includes(config.defaultProvider)) {
    const suggestion = nearestName(config.defaultProvider, known);
    faults.push({
      where: around.locate(["defaultProvider"]),
      message: `There is no provider "${config.defaultProvider}".`,
      fix:
        suggestion === null
          ? `Add it to providers, or name one of ${known.join(", ")}.`
          : `Did you mean ${suggestion}?`,
    });
  }
  if (config.auth.staleMaxMs < config.auth.freshMs) {
    faults.push({
      where: around.locate(["auth", "staleMaxMs"]),
      message: "auth.staleMaxMs is smaller than auth.freshMs.",
      fix: `Give at least ${config.auth.freshMs}.`,
    });
  }
}

/** A setting that would be without effect is a fault, not a surprise. */
function checkFrontEnd({ listen }: FileSettings, around: Surroundings, faults: ConfigFault[]): void {
  if (listen === undefined || listen.frontEnd === "node") return;
  for (const name of ["headersTimeoutMs", "keepAliveTimeoutMs"] as const) {
    if (listen[name] === undefined) continue;
    faults.push({
      where: around.locate(["listen", name]),
      message: "The native front end has a fixed time of about 30 seconds for this.",
      fix: "Remove it, or set listen.frontEnd to node.",
    });
  }
}

function freezeDeep<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezeDeep(inner);
  }
  return value;
}
