// The Vercel AI SDK, directly and through Loom: the same results, the same bytes both ways.
import { appendFileSync } from "node:fs";
import { createAzure } from "@ai-sdk/azure";
import { createOpenAI, type OpenAIProvider } from "@ai-sdk/openai";
import {
  embedMany,
  generateImage,
  experimental_generateSpeech as generateSpeech,
  generateText,
  jsonSchema,
  streamText,
  type ToolSet,
  experimental_transcribe as transcribe,
} from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MockProvider, startMockProvider } from "../../../mock/mock-provider.js";
import { type Fetch, observe } from "../../support/both-ways.js";
import { describeWithDatabase } from "../../support/database.js";
import { startTestGateway, type TestGateway } from "../../support/gateway.js";

type Sdk = Pick<OpenAIProvider, "chat" | "completion" | "responses" | "textEmbeddingModel" | "image"> &
  Pick<OpenAIProvider, "speech" | "transcription">;
type SdkCall = readonly [endpoint: string, call: (sdk: Sdk) => Promise<unknown>];

const prompt = "Say hello.";
const model = "gpt-4o-mini";
const once = { maxRetries: 0 } as const;

async function streamed(asked: ReturnType<typeof streamText>): Promise<unknown> {
  let text = "";
  for await (const part of asked.textStream) text += part;
  return { text, usage: await asked.usage, finish: await asked.finishReason };
}

const inputSchema = jsonSchema<{ city: string }>({ type: "object", properties: { city: { type: "string" } } });
const tools: ToolSet = { weather: { description: "The weather", inputSchema } };

const calls: readonly SdkCall[] = [
  [
    "POST /chat/completions",
    async (sdk) => {
      const { text, usage, finishReason } = await generateText({ model: sdk.chat(model), prompt, ...once });
      return { text, usage, finishReason };
    },
  ],
  [
    "POST /chat/completions (tools)",
    async (sdk) => {
      const { toolCalls } = await generateText({ model: sdk.chat("tools"), prompt, tools, ...once });
      return toolCalls.map(({ toolName, input }) => ({ toolName, input }));
    },
  ],
  ["POST /chat/completions (stream)", (sdk) => streamed(streamText({ model: sdk.chat(model), prompt, ...once }))],
  [
    "POST /completions",
    async (sdk) => (await generateText({ model: sdk.completion("gpt-3.5-turbo-instruct"), prompt, ...once })).text,
  ],
  [
    "POST /completions (stream)",
    (sdk) => streamed(streamText({ model: sdk.completion("gpt-3.5-turbo-instruct"), prompt, ...once })),
  ],
  [
    "POST /responses",
    async (sdk) => {
      const { text, usage } = await generateText({ model: sdk.responses(model), prompt, ...once });
      return { text, usage };
    },
  ],
  ["POST /responses (stream)", (sdk) => streamed(streamText({ model: sdk.responses(model), prompt, ...once }))],
  [
    "POST /embeddings",
    async (sdk) => {
      const asked = { model: sdk.textEmbeddingModel("text-embedding-3-small"), values: ["a", "b"], ...once };
      const { embeddings, usage } = await embedMany(asked);
      return { embeddings, usage };
    },
  ],
  [
    "POST /images/generations",
    async (sdk) => (await generateImage({ model: sdk.image("gpt-image-1"), prompt, ...once })).images[0]?.base64,
  ],
  [
    "POST /audio/speech (bytes)",
    async (sdk) => (await generateSpeech({ model: sdk.speech("tts-1"), text: prompt, ...once })).audio.base64,
  ],
  [
    "POST /audio/transcriptions",
    async (sdk) => {
      const audio = Buffer.from("RIFF____WAVEfmt ", "latin1");
      return (await transcribe({ model: sdk.transcription("whisper-1"), audio, ...once })).text;
    },
  ],
  ["an error 429", (sdk) => generateText({ model: sdk.chat("error-429"), prompt, ...once })],
];

describeWithDatabase("the Vercel AI SDK", () => {
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
      startTestGateway({ AZURE_OPENAI_API_KEY: "azure-upstream", AZURE_OPENAI_ENDPOINT: azure.url }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([gateway.close(), azureGateway.close()]);
    await Promise.all([openai.close(), azure.close()]);
  });

  async function compare(
    mock: MockProvider,
    [endpoint, call]: SdkCall,
    client: string,
    direct: (fetch: Fetch) => Sdk,
    through: (fetch: Fetch) => Sdk,
  ): Promise<void> {
    const expected = await observe(mock, (fetch) => call(direct(fetch)));
    const found = await observe(mock, (fetch) => call(through(fetch)));
    expect(found).toEqual(expected);
    expect(expected.answers.length).toBeGreaterThan(0);
    if (!endpoint.startsWith("an error")) expect(expected.error).toBeNull();
    const file = process.env["LOOM_SURFACE_TABLE"];
    if (file !== undefined) appendFileSync(file, `| ${endpoint} | ${client} | equal |\n`);
  }

  describe("with its OpenAI provider", () => {
    test.each(calls)("on %s", async (endpoint, call) => {
      const open = (url: string, apiKey: string) => (fetch: Fetch) =>
        createOpenAI({ baseURL: `${url}/v1`, apiKey, fetch });
      const sides = [open(openai.url, "sk-upstream"), open(gateway.url, gateway.key)] as const;
      await compare(openai, [endpoint, call], "@ai-sdk/openai", ...sides);
    });
  });

  describe("with its Azure provider", () => {
    test.each(calls)("on %s", async (endpoint, call) => {
      const open = (url: string, apiKey: string) => (fetch: Fetch) =>
        createAzure({ baseURL: `${url}/openai/v1`, apiKey, apiVersion: "preview", fetch });
      const sides = [open(azure.url, "azure-upstream"), open(azureGateway.url, azureGateway.key)] as const;
      await compare(azure, [endpoint, call], "@ai-sdk/azure", ...sides);
    });
  });
});
