// The official OpenAI client: a chat, a stream, embeddings.
import OpenAI from "openai";

const { LOOM_URL = "http://127.0.0.1:8080", LOOM_KEY, LOOM_MODEL = "mock/echo" } = process.env;

const client = new OpenAI({ baseURL: `${LOOM_URL}/v1`, apiKey: LOOM_KEY });
const messages = [{ role: "user", content: "Hello, Loom." }];

const { data: answer, response } = await client.chat.completions.create({ model: LOOM_MODEL, messages }).withResponse();
console.log("chat:", answer.choices[0].message.content);
console.log("trace:", response.headers.get("x-loom-trace-id"));

process.stdout.write("stream: ");
for await (const chunk of await client.chat.completions.create({ model: LOOM_MODEL, messages, stream: true })) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}
process.stdout.write("\n");

const { data } = await client.embeddings.create({ model: LOOM_MODEL, input: "Hello, Loom." });
console.log("embedding:", data[0].embedding.length, "numbers");
