// Spans over a kill of the gateway, and what of the trace a trusted provider is told.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway } from "../support/gateway.js";
import { startOtlpReceiver } from "../support/otlp-receiver.js";

const callerTrace = "0af7651916cd43dd8448eb211c80319c";
const callerSpan = "b7ad6b7169203331";

describeWithDatabase("spans of a gateway that was killed", () => {
  test("are there once for every exchange: those that were finished and those that were not", async () => {
    const receiver = await startOtlpReceiver();
    const gateway = await startTestGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      // Nothing is sent before the kill.
      OTEL_BSP_SCHEDULE_DELAY: "600000",
    });
    try {
      const post = (model: string, stream: boolean) =>
        fetch(`${gateway.url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${gateway.key}` },
          body: JSON.stringify({ model, stream, messages: [{ role: "user", content: "hi" }] }),
        });
      const open = post("mock/timeout", false).catch(() => null);
      await sleep(300);
      gateway.child.kill("SIGKILL");
      await open;
      const next = await gateway.startAgain({ OTEL_BSP_SCHEDULE_DELAY: "50" });
      const { rows } = await (async () => {
        for (;;) {
          const found = await gateway.pool.query<{ trace_id: string }>(
            "SELECT trace_id FROM loom.traces WHERE outcome = 'interrupted'",
          );
          if (found.rows.length > 0) return found;
          await sleep(50);
        }
      })();
      const [server] = await receiver.trace(rows[0]?.trace_id ?? "", (found) => found.length > 0);
      await next.stop();
      expect(receiver.spans.filter(({ traceId }) => traceId === rows[0]?.trace_id)).toHaveLength(1);
      expect(server).toMatchObject({
        kind: "SPAN_KIND_SERVER",
        status: { code: "STATUS_CODE_ERROR" },
        attributes: { "loom.outcome": "interrupted", "loom.end_unknown": true },
      });
    } finally {
      await gateway.close();
      await receiver.close();
    }
  });
});

describeWithDatabase("a trusted provider", () => {
  test("gets the attempt's span as its parent, and never the baggage", async () => {
    const mock = await startMockProvider({ shape: "openai", port: 0 });
    const receiver = await startOtlpReceiver();
    const gateway = await startTestGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      OTEL_BSP_SCHEDULE_DELAY: "50",
    });
    try {
      const yaml = join(gateway.home, "loom.yaml");
      writeFileSync(yaml, `providers:\n  own:\n    baseUrl: ${mock.url}/v1\n    auth: none\n    trusted: true\n`);
      await gateway.stop();
      const again = await gateway.startAgain({ LOOM_CONFIG: yaml });
      const response = await fetch(`${again.url}/v1/chat/completions`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${gateway.key}`,
          traceparent: `00-${callerTrace}-${callerSpan}-01`,
          tracestate: "a=1",
          baggage: "secret=1",
        },
        body: JSON.stringify({ model: "own/gpt-4o", messages: [] }),
      });
      await response.text();
      const spans = await receiver.trace(callerTrace, (found) => found.length === 3);
      const sent = mock.received.at(-1)?.headers ?? {};
      expect(sent["traceparent"]).toBe(`00-${callerTrace}-${spans[2]?.spanId}-01`);
      expect([sent["tracestate"], sent["baggage"]]).toEqual(["a=1", undefined]);
    } finally {
      await gateway.close();
      await mock.close();
      await receiver.close();
    }
  });
});
