// The settings of the OpenTelemetry export, from loom.yaml and the OTEL_ variables. A variable of the field's own that
// has no setting here (OTEL_BSP_*, OTEL_EXPORTER_OTLP_TRACES_*, OTEL_METRIC_EXPORT_*) is handed on as it is.
import type { OtelSettings } from "./config.js";
import type { FileSettings } from "./config-schema.js";
import { Secret } from "./secret.js";

type Section = NonNullable<FileSettings["otel"]>;
type Environment = Readonly<Record<string, string | undefined>>;

const defaultServiceName = "loom";
const defaultIntervalMs = 60_000;
const defaultSlowMs = 10_000;

/** What the settings of loom.yaml are called where the SDK reads them. */
function namedSettings(section: Section): Record<string, string | undefined> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: section.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: section.headers,
    OTEL_RESOURCE_ATTRIBUTES: section.resourceAttributes,
    OTEL_SERVICE_NAME: section.serviceName,
  };
}

function samplerOf({ sampler = "parentbased_always_on", sampleRatio = 1 }: Section): OtelSettings["sampler"] {
  const parent = sampler.startsWith("parentbased_") ? "followed" : "ignored";
  if (sampler.endsWith("always_off")) return { parent, ratio: 0 };
  return { parent, ratio: sampler.endsWith("traceidratio") ? sampleRatio : 1 };
}

/** `env` is the whole environment; its names that begin with OTEL_ count, unless they are empty. */
export function composeOtel(section: Section = {}, env: Environment = {}): OtelSettings {
  const given = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    name.startsWith("OTEL_") && value !== undefined && value.trim() !== "" ? [[name, value.trim()]] : [],
  );
  const variables: Record<string, string> = { OTEL_SERVICE_NAME: defaultServiceName };
  for (const [name, value] of given) variables[name] = value;
  for (const [name, value] of Object.entries(namedSettings(section))) if (value !== undefined) variables[name] = value;
  const protocol = section.protocol ?? "http/protobuf";
  const reaches = (signal: "TRACES" | "METRICS"): boolean =>
    section.disabled !== true &&
    (variables["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? variables[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]) !== undefined;
  const spoken = (signal: "TRACES" | "METRICS") =>
    variables[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] === "grpc" ? ("grpc" as const) : protocol;
  return {
    traces: section.traces !== "none" && reaches("TRACES") ? { protocol: spoken("TRACES") } : null,
    metrics:
      section.metrics === "otlp" && reaches("METRICS")
        ? { protocol: spoken("METRICS"), intervalMs: section.metricsIntervalMs ?? defaultIntervalMs }
        : null,
    sampler: samplerOf(section),
    slowMs: section.slowMs ?? defaultSlowMs,
    captureContent: section.captureContent ?? false,
    jaegerUrl: section.jaegerUrl?.replace(/\/+$/, "") ?? null,
    environment: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, new Secret(value)])),
  };
}
