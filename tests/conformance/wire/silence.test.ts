// Comments in the long silences of a stream: only when asked for, only between events, and of no effect on the events.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startMockProvider } from "../../../mock/mock-provider.js";
import { describeWithDatabase } from "../../support/database.js";
import { startTestGateway } from "../../support/gateway.js";
import { frontEndNames } from "../../support/wire.js";

describeWithDatabase("a stream with long silences", () => {
  test.each(frontEndNames)("gets comments between its events where that is asked for, on %s", async (name) => {
    const mock = await startMockProvider({ shape: "openai", port: 0 });
    const folder = mkdtempSync(join(tmpdir(), "loom-silence-"));
    const file = join(folder, "loom.yaml");
    writeFileSync(file, "listen: {keepAliveCommentsMs: 60}\n");
    const env = { OPENAI_API_KEY: "sk-upstream", OPENAI_BASE_URL: `${mock.url}/v1`, LOOM_FRONT_END: name };
    const gateway = await startTestGateway({ ...env, LOOM_CONFIG: file });
    const ask = async (): Promise<string> => {
      const body = { model: "no-usage", stream: true, messages: [], mock: { chunk_delay_ms: 200 } };
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return response.text();
    };
    try {
      const text = await ask();
      expect(text).toMatch(/\n\n:\n\n/);
      const blocks = text.split("\n\n").filter((block) => block !== "");
      expect(blocks.every((block) => block === ":" || block.startsWith("data: "))).toBe(true);
      expect(blocks.at(-1)).toBe("data: [DONE]");
      await gateway.stop();
    } finally {
      await gateway.close();
      await mock.close();
      rmSync(folder, { recursive: true });
    }
  });
});
