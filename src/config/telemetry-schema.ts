// The fields of loom.yaml that say what the outside sees: the log, /metrics, spans and metrics by OTLP.
// Names and defaults of `otel` are those of the OpenTelemetry specification where it has them.
import { logFormats, otlpProtocols, samplerNames, telemetryExporters } from "./config.js";
import { oneOf, plainUrl, ratio, text, wholeNumber, yesOrNo } from "./schema-fields.js";

const dayMs = 86_400_000;

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
  protocol: oneOf(otlpProtocols, "how the collector is spoken to"),
  headers: text("headers for the collector as name=value, comma-separated; best as a reference"),
  serviceName: text("the service.name of spans and metrics"),
  resourceAttributes: text("further attributes of the resource as name=value, comma-separated"),
  traces: oneOf(telemetryExporters, "whether spans are exported"),
  metrics: oneOf(telemetryExporters, "whether metrics are pushed to the collector as well"),
  metricsIntervalMs: wholeNumber(1000, dayMs, "how often metrics are pushed in ms"),
  sampler: oneOf(samplerNames, "which traces are kept; errors and slow ones always are"),
  sampleRatio: ratio("the share of traces that the ratio samplers keep"),
  slowMs: wholeNumber(1, dayMs, "an exchange that takes this long in ms is kept whatever the sampler says"),
  captureContent: yesOrNo("whether messages are put on spans, in plain text"),
  disabled: yesOrNo("whether all export is off"),
};
