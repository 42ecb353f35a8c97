// The promise "bytes that need no change are not changed", both ways, for OpenAI-shaped and Azure-shaped providers:
// each exchange is made directly and through Loom on raw sockets, and compared byte for byte.

import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../mock/mock-provider.js";
import { describeWithDatabase } from "../support/database.js";
import { startTestGateway, type TestGateway } from "../support/gateway.js";

type Answer = { readonly status: number; readonly headers: Record<string, string>; readonly body: Buffer };

function send(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method: "POST", headers: { "content-type": "application/json", ...headers } },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.on("end", () => {
          const lines = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]);
          resolve({ status: incoming.statusCode ?? 0, headers: Object.fromEntries(lines), body: Buffer.concat(parts) });
        });
        incoming.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** What a proxy may not keep, and what differs from call to call. */
const ownHeaders =
  /^(date|connection|keep-alive|transfer-encoding|content-length|uwebsockets|x-accel-buffering|x-loom-.*|x-request-id|apim-request-id|set-cookie)$/;

function comparable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.test(name)));
}

const withUsage = { stream_options: { include_usage: true } };
/** Name, body fields. Big numbers, odd spacing, duplicate keys and escapes show that nothing is parsed and written anew. */
const exchanges: readonly (readonly [name: string, body: string])[] = [
  ["plain", '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'],
  [
    "plain with odd spacing, big numbers and a repeated key",
    '{ "seed":12345678901234567890, "model" : "gpt-4o-mini",\n"temperature":1.0,"temperature":1e0, "messages":[{"role":"user","content":"\\u00e9 \\ud83d\\ude00"}]}  ',
  ],
  ["tools", JSON.stringify({ model: "tools", messages: [{ role: "user", content: "hi" }] })],
  ["refusal", JSON.stringify({ model: "refusal", messages: [{ role: "user", content: "hi" }] })],
  ["a large answer", JSON.stringify({ model: "big", messages: [{ role: "user", content: "hi" }] })],
  ["blank lines before the JSON", JSON.stringify({ model: "keep-alive", messages: [{ role: "user", content: "hi" }] })],
  ["an error 400", JSON.stringify({ model: "error-400", messages: [{ role: "user", content: "hi" }] })],
  ["an error 500", JSON.stringify({ model: "error-500", messages: [{ role: "user", content: "hi" }] })],
  ...[
    "gpt-4o-mini",
    "tools",
    "odd-cuts",
    "crlf",
    "keep-alive",
    "long-event",
    "usage-in-last-chunk",
    "usage-every-chunk",
    "groq-usage",
    "no-done",
    "big",
  ].map((model): [string, string] => [
    `a stream of ${model}`,
    JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "hi" }], ...withUsage }),
  ]),
];

describeWithDatabase("bytes through Loom", () => {
  let openai: MockProvider;
  let azure: MockProvider;
  let gateway: TestGateway;
  let classicKey: string;

  beforeAll(async () => {
    openai = await startMockProvider({ shape: "openai", port: 0 });
    azure = await startMockProvider({ shape: "azure", port: 0 });
    gateway = await startTestGateway({
      OPENAI_API_KEY: "sk-upstream",
      OPENAI_BASE_URL: `${openai.url}/v1`,
      AZURE_OPENAI_ENDPOINT: azure.url,
      AZURE_OPENAI_API_KEY: "azure-upstream",
    });
    await gateway.loom(["tenant", "create", "classic"]);
    const made = await gateway.loom(["key", "create", "--tenant", "classic", "--json"]);
    classicKey = (JSON.parse(made.stdout) as { key: string }).key;
    const args = ["provider", "set", "azure-openai", "--tenant", "classic", "--kind", "azure-openai"];
    const set = await gateway.loom(
      [...args, "--base-url", azure.url, "--api-version", "2024-10-21", "--api-key-stdin"],
      "azure-upstream",
    );
    expect(set.stderr).toBe("");
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([openai.close(), azure.close()]);
  });

  function throughLoom(body: string, key = gateway.key): Promise<Answer> {
    return send(`${gateway.url}/v1/chat/completions`, { authorization: `Bearer ${key}` }, body);
  }

  describe.each(exchanges)("%s", (_name, body) => {
    test("are those of an OpenAI-shaped provider, and the provider gets the client's", async () => {
      const direct = await send(`${openai.url}/v1/chat/completions`, { authorization: "Bearer sk-upstream" }, body);
      const proxied = await throughLoom(body);
      expect(proxied.status).toBe(direct.status);
      expect(proxied.body.equals(direct.body)).toBe(true);
      expect(comparable(proxied.headers)).toEqual(comparable(direct.headers));
      expect(openai.received.at(-1)?.body.toString()).toBe(body);
    });

    test("are those of an Azure-shaped provider, by v1 and by classic paths", async () => {
      const { model } = JSON.parse(body) as { model: string };
      const asked = body.replace(model, `azure-openai/${model}`);
      const direct = await send(`${azure.url}/openai/v1/chat/completions`, { "api-key": "azure-upstream" }, body);
      const proxied = await throughLoom(asked);
      expect(proxied.body.equals(direct.body)).toBe(true);
      expect(comparable(proxied.headers)).toEqual(comparable(direct.headers));
      expect(azure.received.at(-1)?.body.toString()).toBe(body);
      const classicUrl = `${azure.url}/openai/deployments/${model}/chat/completions?api-version=2024-10-21`;
      const classicDirect = await send(classicUrl, { "api-key": "azure-upstream" }, body);
      const classic = await throughLoom(asked, classicKey);
      expect(classic.status).toBe(classicDirect.status);
      expect(classic.body.equals(classicDirect.body)).toBe(true);
      expect(azure.received.at(-1)?.path).toBe(`/openai/deployments/${model}/chat/completions?api-version=2024-10-21`);
    });
  });

  test("lack only the usage chunk that Loom asked for itself", async () => {
    const body = JSON.stringify({ model: "gpt-4o-mini", stream: true, messages: [{ role: "user", content: "hi" }] });
    const asked = JSON.stringify({ ...(JSON.parse(body) as object), ...withUsage });
    const direct = await send(`${openai.url}/v1/chat/completions`, {}, asked);
    const events = direct.body
      .toString()
      .split("\n\n")
      .filter((event) => !event.includes('"choices":[]'));
    expect((await throughLoom(body)).body.toString()).toBe(events.join("\n\n"));
  });

  test("never ask an Azure version for usage that refuses the field", async () => {
    const args = ["provider", "set", "azure-old", "--tenant", "classic", "--kind", "azure-openai", "--api-key-stdin"];
    await gateway.loom([...args, "--base-url", azure.url, "--api-version", "2024-06-01"], "azure-upstream");
    const answer = await throughLoom(
      JSON.stringify({ model: "azure-old/gpt-4o-mini", stream: true, messages: [] }),
      classicKey,
    );
    expect(answer.status).toBe(200);
    expect(azure.received.at(-1)?.body.toString()).not.toContain("stream_options");
  });

  test("are those of the kept transcripts", async () => {
    // A change of these files is a change of what clients see; LOOM_RECORD_TRANSCRIPTS=1 writes them anew.
    for (const [name, body] of exchanges.filter(([, text]) => text.length < 1000 && !/big|long-event/.test(text))) {
      const answer = await throughLoom(body);
      const file = new URL(`./transcripts/${name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}.txt`, import.meta.url);
      const transcript = `${answer.status} ${answer.headers["content-type"]}\n\n${answer.body.toString()}`;
      if (process.env.LOOM_RECORD_TRANSCRIPTS === "1") writeFileSync(file, transcript);
      expect(transcript, name).toBe(readFileSync(file, "utf8"));
    }
  });
});
