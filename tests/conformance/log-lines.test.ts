// The log of a running gateway: one JSON line for each finished exchange as the setting samples them, failures always,
// and lines for a person where those are asked for.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";

const post = async (gateway: Pick<TestGateway, "url">, key: string, model: string): Promise<string> => {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
  });
  await response.text();
  return response.headers.get("x-loom-trace-id") ?? "";
};

describeWithDatabase("the log", () => {
  test("has a line for every failure and for a share of the rest, readable where a person watches", async () => {
    const gateway = await startTestGateway({ LOOM_LOG_SAMPLE_RATIO: "0" });
    try {
      const good = await post(gateway, gateway.key, "mock/echo");
      const bad = await post(gateway, gateway.key, "mock/error-500");
      await sleep(500);
      await gateway.stop();
      const lines = gateway
        .output()
        .split("\n")
        .filter((line) => line.includes('"msg":"exchange"'));
      expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
        { level: "warn", id: bad, status: 500, outcome: "error", error: "provider_failed", domain: "provider" },
      ]);
      expect(gateway.output()).not.toContain(good);

      const pretty = await gateway.startAgain({ LOOM_LOG_SAMPLE_RATIO: "1", LOOM_LOG_FORMAT: "pretty" });
      const id = await post(pretty, gateway.key, "mock/echo");
      await sleep(700);
      await pretty.stop();
      const line = pretty
        .output()
        .split("\n")
        .findIndex((text) => /INFO.*exchange$/.test(text.replace(/\u001b\[\d+m/g, "")));
      expect(line).toBeGreaterThan(0);
      expect(pretty.output()).toContain(id);
      expect(pretty.output()).not.toContain('"msg":"exchange"');
    } finally {
      await gateway.close();
    }
  });
});
