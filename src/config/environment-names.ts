// Every environment variable that Loom reads, and the setting of loom.yaml that each one stands for.
import type { ConfigFault } from "./config-faults.js";
import { nearestName } from "./nearest-name.js";

export type EnvironmentName = {
  readonly path: readonly string[];
  /** A secret may also come from the file that `<NAME>_FILE` points to. */
  readonly secret?: true;
};

// Later entries win over earlier ones with the same path.
export const environmentNames: Readonly<Record<string, EnvironmentName>> = {
  PORT: { path: ["listen", "port"] },
  HOST: { path: ["listen", "host"] },
  LOOM_HOME: { path: ["home"] },
  DATABASE_URL: { path: ["database", "url"], secret: true },
  LOOM_DATABASE_URL: { path: ["database", "url"], secret: true },
  OPENAI_API_KEY: { path: ["providers", "openai", "apiKey"], secret: true },
  OPENAI_BASE_URL: { path: ["providers", "openai", "baseUrl"] },
  AZURE_OPENAI_ENDPOINT: { path: ["providers", "azure-openai", "baseUrl"] },
  AZURE_OPENAI_API_KEY: { path: ["providers", "azure-openai", "apiKey"], secret: true },
  AZURE_OPENAI_API_VERSION: { path: ["providers", "azure-openai", "apiVersion"] },
  LOOM_MASTER_KEYS: { path: ["masterKeys"], secret: true },
  LOOM_LEDGER_KEY: { path: ["ledgerKey"], secret: true },
  LOOM_KEYS_SOURCE: { path: ["keys", "source"] },
  LOOM_VAULT_ADDRESS: { path: ["keys", "vault", "address"] },
  LOOM_VAULT_TOKEN: { path: ["keys", "vault", "token"] },
  // A path and not the content: an agent replaces the file when the token is renewed.
  LOOM_VAULT_TOKEN_FILE: { path: ["keys", "vault", "tokenFile"] },
  LOOM_VAULT_NAMESPACE: { path: ["keys", "vault", "namespace"] },
  LOOM_VAULT_MOUNT: { path: ["keys", "vault", "mount"] },
  LOOM_VAULT_KEY: { path: ["keys", "vault", "key"] },
  LOG_LEVEL: { path: ["logLevel"] },
  LOOM_LOG_SAMPLE_RATIO: { path: ["log", "sampleRatio"] },
  LOOM_LOG_FORMAT: { path: ["log", "format"] },
  LOOM_METRICS: { path: ["metrics", "enabled"] },
  LOOM_METRICS_TOKEN: { path: ["metrics", "token"], secret: true },
  OTEL_EXPORTER_OTLP_ENDPOINT: { path: ["otel", "endpoint"] },
  OTEL_EXPORTER_OTLP_PROTOCOL: { path: ["otel", "protocol"] },
  OTEL_EXPORTER_OTLP_HEADERS: { path: ["otel", "headers"], secret: true },
  OTEL_SERVICE_NAME: { path: ["otel", "serviceName"] },
  OTEL_RESOURCE_ATTRIBUTES: { path: ["otel", "resourceAttributes"] },
  OTEL_TRACES_EXPORTER: { path: ["otel", "traces"] },
  OTEL_METRICS_EXPORTER: { path: ["otel", "metrics"] },
  OTEL_METRIC_EXPORT_INTERVAL: { path: ["otel", "metricsIntervalMs"] },
  OTEL_TRACES_SAMPLER: { path: ["otel", "sampler"] },
  OTEL_TRACES_SAMPLER_ARG: { path: ["otel", "sampleRatio"] },
  OTEL_SDK_DISABLED: { path: ["otel", "disabled"] },
  LOOM_OTEL_SLOW_MS: { path: ["otel", "slowMs"] },
  LOOM_OTEL_CAPTURE_CONTENT: { path: ["otel", "captureContent"] },
  LOOM_JAEGER_URL: { path: ["otel", "jaegerUrl"] },
  LOOM_DURABILITY: { path: ["durability"] },
  LOOM_LANES: { path: ["lanes"] },
  LOOM_PROCESSES: { path: ["processes"] },
  LOOM_RETENTION_DAYS: { path: ["retention", "days"] },
  LOOM_DRAIN_TIMEOUT_MS: { path: ["drainTimeoutMs"] },
  LOOM_FRONT_END: { path: ["listen", "frontEnd"] },
  LOOM_FRONT_END_SHA256: { path: ["listen", "frontEndSha256"] },
  LOOM_ALLOWED_HOSTS: { path: ["upstream", "allowedHosts"] },
  LOOM_DEFAULT_PROVIDER: { path: ["defaultProvider"] },
};

/** The path of loom.yaml; the only name that is no setting of it. */
export const configFileName = "LOOM_CONFIG";

/** The fault suite's order to end by SIGKILL at a named point (workers/spool/crash-point.ts): no setting of anyone's. */
const crashPointName = "LOOM_CRASH_AT";

/** All names, with the `_FILE` variants. */
export function knownNames(): readonly string[] {
  const names = Object.entries(environmentNames).flatMap(([name, { secret }]) =>
    secret === true ? [name, `${name}_FILE`] : [name],
  );
  return [...names, configFileName];
}

// Kubernetes puts these into every pod beside a Service whose name begins with "loom".
const serviceLink = /^LOOM_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

/** A fault for each LOOM_ variable that is set and that Loom does not know. */
export function findUnknownNames(env: Readonly<Record<string, string | undefined>>): readonly ConfigFault[] {
  const known = knownNames();
  const faults: ConfigFault[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (
      !name.startsWith("LOOM_") ||
      name === crashPointName ||
      known.includes(name) ||
      value === undefined ||
      value.trim() === ""
    )
      continue;
    if (serviceLink.test(name) || (name.endsWith("_PORT") && serviceAddress.test(value))) continue;
    const bare = name.slice("LOOM_".length);
    const loomNames = known.filter((candidate) => candidate.startsWith("LOOM_"));
    const suggestion = known.includes(bare) ? bare : (nearestName(name, loomNames) ?? nearestName(bare, known));
    faults.push({
      where: name,
      message: "No setting has this name.",
      fix: suggestion === null ? "Remove it." : `Did you mean ${suggestion}?`,
    });
  }
  return faults;
}
