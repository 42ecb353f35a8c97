// The official client on every endpoint, directly and through Loom: the same results, the same bytes both ways.
import { appendFileSync } from "node:fs";
import OpenAI, { AzureOpenAI } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../../mock/mock-provider.js";
import { type Fetch, observe } from "../../support/both-ways.js";
import { describeWithDatabase } from "../../support/database.js";
import { startTestGateway, type TestGateway } from "../../support/gateway.js";
import { deploymentCalls, type OpenAiCall, otherCalls } from "./openai-calls.js";

const apiVersion = "2024-10-21";

/** A line of the table of endpoints, where somebody wants one. */
function note(client: string, endpoint: string): void {
  const file = process.env["LOOM_SURFACE_TABLE"];
  if (file !== undefined) appendFileSync(file, `| ${endpoint} | ${client} | equal |\n`);
}

describeWithDatabase("the official client", () => {
  let openai: MockProvider;
  let azure: MockProvider;
  let gateway: TestGateway;
  let azureGateway: TestGateway;

  beforeAll(async () => {
    [openai, azure] = await Promise.all([
      startMockProvider({ shape: "openai", port: 0 }),
      startMockProvider({ shape: "azure", port: 0 }),
    ]);
    [gateway, azureGateway] = await Promise.all([
      startTestGateway({ OPENAI_API_KEY: "sk-upstream", OPENAI_BASE_URL: `${openai.url}/v1` }),
      startTestGateway({
        AZURE_OPENAI_API_KEY: "azure-upstream",
        AZURE_OPENAI_ENDPOINT: azure.url,
        AZURE_OPENAI_API_VERSION: apiVersion,
      }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([gateway.close(), azureGateway.close()]);
    await Promise.all([openai.close(), azure.close()]);
  });

  async function compare(
    mock: MockProvider,
    call: OpenAiCall[1],
    direct: (fetch: Fetch) => OpenAI,
    through: (fetch: Fetch) => OpenAI,
  ): Promise<void> {
    const expected = await observe(mock, (fetch) => call(direct(fetch)));
    const found = await observe(mock, (fetch) => call(through(fetch)));
    expect(found).toEqual(expected);
    expect(expected.answers.length).toBeGreaterThan(0);
    expect(expected.requests.length).toBe(expected.answers.length);
  }

  describe("of OpenAI", () => {
    test.each([...deploymentCalls, ...otherCalls])("on %s", async (endpoint, call) => {
      const open = (url: string, apiKey: string) => (fetch: Fetch) =>
        new OpenAI({ baseURL: `${url}/v1`, apiKey, fetch, maxRetries: 0 });
      await compare(openai, call, open(openai.url, "sk-upstream"), open(gateway.url, gateway.key));
      note("openai", endpoint);
    });
  });

  describe("of Azure OpenAI, on deployments", () => {
    // For an edit the client leaves the deployment out of the path, and Azure knows no such path; Loom puts it in.
    const calls = deploymentCalls.filter(([endpoint]) => !endpoint.startsWith("POST /images/edits"));
    test.each(calls)("on %s", async (endpoint, call) => {
      const open = (endpoint_: string, apiKey: string) => (fetch: Fetch) =>
        new AzureOpenAI({ endpoint: endpoint_, apiKey, apiVersion, fetch, maxRetries: 0 });
      await compare(azure, call, open(azure.url, "azure-upstream"), open(azureGateway.url, azureGateway.key));
      note("openai (Azure, deployments)", endpoint);
    });
  });

  describe("of Azure OpenAI, on v1 paths, at a provider of OpenAI's shape", () => {
    test.each([...deploymentCalls, ...otherCalls])("on %s", async (endpoint, call) => {
      const through = (fetch: Fetch) =>
        new OpenAI({
          baseURL: `${gateway.url}/openai/v1`,
          apiKey: "unused",
          defaultHeaders: { "api-key": gateway.key, authorization: null },
          defaultQuery: { "api-version": "preview" },
          fetch,
          maxRetries: 0,
        });
      const direct = (fetch: Fetch) =>
        new OpenAI({ baseURL: `${openai.url}/v1`, apiKey: "sk-upstream", fetch, maxRetries: 0 });
      await compare(openai, call, direct, through);
      note("openai (Azure, v1 paths)", endpoint);
    });
  });

  test("is told in plain words that there is no WebSocket", async () => {
    const headers = { authorization: `Bearer ${gateway.key}`, connection: "upgrade", upgrade: "websocket" };
    const { request } = await import("node:http");
    const status = await new Promise<[number, string]>((resolve, reject) => {
      const asked = request(`${gateway.url}/v1/realtime?model=gpt-realtime`, { headers }, (response) => {
        let text = "";
        response.on("data", (part) => (text += String(part)));
        response.on("end", () => resolve([response.statusCode ?? 0, text]));
      });
      asked.on("error", reject);
      asked.end();
    });
    expect(status).toEqual([501, expect.stringContaining("websocket_unsupported")]);
  });
});
