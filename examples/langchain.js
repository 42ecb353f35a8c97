// LangChain.js: a chat, a stream, embeddings.
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";

const { LOOM_URL = "http://127.0.0.1:8080", LOOM_KEY, LOOM_MODEL = "mock/echo" } = process.env;

const configuration = { baseURL: `${LOOM_URL}/v1` };
const chat = new ChatOpenAI({ model: LOOM_MODEL, apiKey: LOOM_KEY, configuration });
const question = [new HumanMessage("Hello, Loom.")];

const answer = await chat.invoke(question);
console.log("chat:", answer.content);

process.stdout.write("stream: ");
for await (const part of await chat.stream(question)) process.stdout.write(part.content);
process.stdout.write("\n");

const embeddings = new OpenAIEmbeddings({ model: LOOM_MODEL, apiKey: LOOM_KEY, configuration });
const numbers = await embeddings.embedQuery("Hello, Loom.");
console.log("embedding:", numbers.length, "numbers");
