// The Vercel AI SDK: a text, a stream, the responses API.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";

const { LOOM_URL = "http://127.0.0.1:8080", LOOM_KEY, LOOM_MODEL = "mock/echo" } = process.env;

const loom = createOpenAI({ baseURL: `${LOOM_URL}/v1`, apiKey: LOOM_KEY });
const prompt = "Hello, Loom.";

const { text, usage } = await generateText({ model: loom.chat(LOOM_MODEL), prompt });
console.log("chat:", text, `(${usage.totalTokens} tokens)`);

process.stdout.write("stream: ");
for await (const part of streamText({ model: loom.chat(LOOM_MODEL), prompt }).textStream) process.stdout.write(part);
process.stdout.write("\n");

const response = await generateText({ model: loom.responses(LOOM_MODEL), prompt });
console.log("response:", response.text);
