// The fields of loom.yaml that say what the outside sees: the log, /metrics, spans and metrics by OTLP.
// Names and defaults of `otel` are those of the OpenTelemetry specification where it has them. Its variables are often
// set for every program of a cluster: what Loom does not have is taken as its nearest, and is no fault.
import { z } from "zod";
import { logFormats, otlpProtocols, samplerNames, telemetryExporters } from "./config.js";
import { oneOf, plainUrl, ratio, text, upperFirst, wholeNumber, yesOrNo } from "./schema-fields.js";

const dayMs = 86_400_000;
const otherExporters: ReadonlySet<string> = new Set(["none", "console", "logging", "prometheus", "zipkin", "jaeger"]);
const remoteSamplers: ReadonlySet<unknown> = new Set(["jaeger_remote", "parentbased_jaeger_remote", "xray"]);

/** A list is a list of places to send to; Loom's one is OTLP. */
function exporterFromList(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const given = value.split(",").map((name) => name.trim());
  if (given.includes("otlp")) return "otlp";
  return given.every((name) => otherExporters.has(name)) ? "none" : value;
}

function nearest<const Names extends readonly [string, ...string[]]>(
  names: Names,
  what: string,
  read: (value: unknown) => unknown,
) {
  return z
    .preprocess(read, z.enum(names, `one of ${names.join(", ")}.`))
    .optional()
    .meta({ description: upperFirst(what) });
}

export const logFields = {
  sampleRatio: ratio("the share of successful exchanges that leave a line; the others always do"),
  format: oneOf(logFormats, "JSON lines, lines for a person, or what the terminal asks for"),
};

export const metricsFields = {
  enabled: yesOrNo("whether /metrics answers"),
  token: text("the bearer token that /metrics asks for; best as a reference"),
};

export const otelFields = {
  endpoint: plainUrl("Where the collector is; nothing is exported when left out", "http://127.0.0.1:4318"),
  protocol: nearest(otlpProtocols, "how the collector is spoken to", (value) =>
    value === "http/json" ? "http/protobuf" : value,
  ),
  headers: text("headers for the collector as name=value, comma-separated; best as a reference"),
  serviceName: text("the service.name of spans and metrics"),
  resourceAttributes: text("further attributes of the resource as name=value, comma-separated"),
  traces: nearest(telemetryExporters, "whether spans are exported", exporterFromList),
  metrics: nearest(telemetryExporters, "whether metrics are pushed to the collector as well", exporterFromList),
  metricsIntervalMs: wholeNumber(1000, dayMs, "how often metrics are pushed in ms"),
  sampler: nearest(samplerNames, "which traces are kept; errors and slow ones always are", (value) =>
    remoteSamplers.has(value) ? "parentbased_always_on" : value,
  ),
  sampleRatio: ratio("the share of traces that the ratio samplers keep"),
  slowMs: wholeNumber(1, dayMs, "an exchange that takes this long in ms is kept whatever the sampler says"),
  captureContent: yesOrNo("whether messages are put on spans, in plain text"),
  jaegerUrl: plainUrl("Where people open Jaeger; the dashboard links to it", "https://jaeger.example:16686"),
  disabled: yesOrNo("whether all export is off"),
};
