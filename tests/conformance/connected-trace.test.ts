// An application that is traced by the official OpenTelemetry SDK, calling Loom: one trace from the application's own
// span to the attempt on the provider, as one collector sees it.
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { OpenAI } from "openai";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway } from "../support/gateway.js";
import { startOtlpReceiver } from "../support/otlp-receiver.js";

describeWithDatabase("a caller with the official SDK", () => {
  test("sees one connected trace, from its own span over Loom's to the attempt", async () => {
    const receiver = await startOtlpReceiver();
    const gateway = await startTestGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_TRACES_SAMPLER: "parentbased_always_off",
    });
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ "service.name": "shop" }),
      spanProcessors: [
        new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${receiver.httpUrl}/v1/traces` }) }),
      ],
    });
    try {
      const tracer = provider.getTracer("shop");
      const span = tracer.startSpan("answer customer", { kind: SpanKind.CLIENT });
      const carrier: Record<string, string> = {};
      const active = trace.setSpan(ROOT_CONTEXT, span);
      new W3CTraceContextPropagator().inject(active, carrier, {
        set: (into, key, value) => {
          (into as Record<string, string>)[key] = value;
        },
      });
      const client = new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, defaultHeaders: carrier });
      await client.chat.completions.create({ model: "mock/echo", messages: [{ role: "user", content: "hi" }] });
      span.end();
      await provider.forceFlush();
      const { traceId, spanId } = span.spanContext();
      const spans = await receiver.trace(traceId, (found) => found.length === 4);
      const chain = ["shop", "loom", "loom", "loom"];
      const inOrder: typeof spans = [];
      let parent = "";
      for (let depth = 0; depth < chain.length; depth += 1) {
        const next = spans.find(({ parentSpanId }) => parentSpanId === parent);
        expect(next, `depth ${depth}`).toBeDefined();
        if (next === undefined) return;
        inOrder.push(next);
        parent = next.spanId;
      }
      expect(inOrder.map(({ resource, name }) => [resource["service.name"], name])).toEqual([
        ["shop", "answer customer"],
        ["loom", "POST /v1/chat/completions"],
        ["loom", "chat echo"],
        ["loom", "POST"],
      ]);
      expect(inOrder[0]?.spanId).toBe(spanId);
      for (const [outer, inner] of inOrder.slice(1).map((one, at) => [inOrder[at], one] as const))
        expect(inner.startMs).toBeGreaterThanOrEqual((outer?.startMs ?? 0) - 1);
    } finally {
      await provider.shutdown();
      await gateway.close();
      await receiver.close();
      context.disable();
      propagation.disable();
    }
  });
});
