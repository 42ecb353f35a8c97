import { describe, expect, it } from "vitest";
import { z } from "zod";
import { otelFields } from "../../../../src/config/telemetry-schema.js";

const schema = z.strictObject(otelFields);
const read = (given: object) => schema.parse(given);

describe("variables that are set for a whole cluster", () => {
  it("are taken as the nearest that Loom has", () => {
    expect(read({ traces: "otlp,console", metrics: "prometheus" })).toEqual({ traces: "otlp", metrics: "none" });
    expect(read({ protocol: "http/json", sampler: "parentbased_jaeger_remote" })).toEqual({
      protocol: "http/protobuf",
      sampler: "parentbased_always_on",
    });
    expect(read({})).toEqual({});
  });

  it("are faults when nobody knows them", () => {
    for (const given of [{ traces: "otpl" }, { protocol: "http" }, { sampler: "some" }, { endpoint: "c:4317" }])
      expect(() => read(given)).toThrow();
  });
});
