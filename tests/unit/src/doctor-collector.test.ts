import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { composeOtel } from "../../../src/config/otel-settings.js";
import { collectorOf, tryToConnect } from "../../../src/doctor-collector.js";

const otelOf = (env: Record<string, string>, section: Parameters<typeof composeOtel>[0] = {}) => ({
  otel: composeOtel(section, env),
});

describe("the collector that doctor looks for", () => {
  it("is the one of the spans, with its own endpoint first", () => {
    const both = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b:2/v1/traces",
    };
    expect(collectorOf(otelOf(both))?.host).toBe("b:2");
    expect(collectorOf(otelOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" }))?.host).toBe("collector:4317");
  });

  it("is none where nothing is exported", () => {
    expect(collectorOf(otelOf({}))).toBeNull();
    expect(collectorOf(otelOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1" }, { traces: "none" }))).toBeNull();
  });

  it("is reached when something listens, and refused when nothing does", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    expect(await tryToConnect(new URL(`http://127.0.0.1:${port}`))).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(await tryToConnect(new URL(`http://127.0.0.1:${port}`))).toBe("ECONNREFUSED");
  });
});
