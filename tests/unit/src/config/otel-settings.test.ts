import { describe, expect, it } from "vitest";
import { composeOtel } from "../../../../src/config/otel-settings.js";

const endpoint = "http://collector:4318";

describe("the settings of the export", () => {
  it("export nothing without an endpoint, and spans only with one", () => {
    expect(composeOtel({ metrics: "otlp" }, {})).toMatchObject({ traces: null, metrics: null });
    expect(composeOtel({ endpoint })).toMatchObject({ traces: { protocol: "http/protobuf" }, metrics: null });
  });

  it("have Jaeger's address without a slash at its end, also below a path, and none unless it is given", () => {
    expect(composeOtel().jaegerUrl).toBeNull();
    expect(composeOtel({ jaegerUrl: "http://localhost:16686/" }).jaegerUrl).toBe("http://localhost:16686");
    expect(composeOtel({ jaegerUrl: "https://ops.example/jaeger//" }).jaegerUrl).toBe("https://ops.example/jaeger");
  });

  it("take an endpoint and a protocol of one signal only", () => {
    const env = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc",
    };
    expect(composeOtel({ metrics: "otlp" }, env)).toMatchObject({ traces: { protocol: "grpc" }, metrics: null });
  });

  it("are off by either of the two words that the specification has for it", () => {
    expect(composeOtel({ endpoint, disabled: true, metrics: "otlp" })).toMatchObject({ traces: null, metrics: null });
    expect(composeOtel({ endpoint, traces: "none", metrics: "otlp" })).toMatchObject({
      traces: null,
      metrics: { intervalMs: 60_000 },
    });
  });

  it("hand every OTEL_ variable on, and nothing else of the environment", () => {
    const { environment } = composeOtel(
      { endpoint, headers: "authorization=Bearer x" },
      { OTEL_BSP_MAX_QUEUE_SIZE: "9", OTEL_EMPTY: " ", OPENAI_API_KEY: "sk", LOOM_MASTER_KEYS: "1:x" },
    );
    const plain = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value.reveal()]));
    expect(plain).toEqual({
      OTEL_BSP_MAX_QUEUE_SIZE: "9",
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer x",
      OTEL_SERVICE_NAME: "loom",
    });
    expect(JSON.stringify(environment)).not.toContain("Bearer x");
  });

  it.each([
    [undefined, 0.1, "followed", 1],
    ["always_on", 0.1, "ignored", 1],
    ["always_off", undefined, "ignored", 0],
    ["traceidratio", 0.1, "ignored", 0.1],
    ["parentbased_traceidratio", 0.1, "followed", 0.1],
    ["parentbased_always_off", 0.1, "followed", 0],
  ] as const)("read the sampler %s with %s", (sampler, sampleRatio, parent, ratio) => {
    const given = { ...(sampler && { sampler }), ...(sampleRatio !== undefined && { sampleRatio }) };
    expect(composeOtel(given).sampler).toEqual({ parent, ratio });
  });
});
