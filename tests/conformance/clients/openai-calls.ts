// Calls of the official client, one or more for each endpoint, by the name of the endpoint.
import type OpenAI from "openai";
import { toFile } from "openai";
import { bytesOf, collect } from "../../support/both-ways.js";

export type OpenAiCall = readonly [endpoint: string, call: (client: OpenAI) => Promise<unknown>];

const messages = [{ role: "user" as const, content: "Say hello." }];
const model = "gpt-4o-mini";
const sound = () => toFile(Buffer.from("RIFF\u0000\u00ff\r\n--x", "latin1"), "sound.wav");
const picture = () => toFile(Buffer.from("\u0089PNG\r\n\u001a\n", "latin1"), "picture.png", { type: "image/png" });
const rows = () => toFile(Buffer.from('{"custom_id":"1"}\n'), "rows.jsonl");
const speech = { model: "gpt-4o-mini-tts", voice: "alloy", input: "Hello." } as const;

/** What deployments of Azure have as well. */
export const deploymentCalls: readonly OpenAiCall[] = [
  ["POST /chat/completions", (client) => client.chat.completions.create({ model, messages })],
  [
    "POST /chat/completions (stream)",
    (client) =>
      collect(
        client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } }),
      ),
  ],
  ["POST /completions", (client) => client.completions.create({ model: "gpt-3.5-turbo-instruct", prompt: "Hi" })],
  [
    "POST /completions (stream)",
    (client) =>
      collect(
        client.completions.create({ model, prompt: "Hi", stream: true, stream_options: { include_usage: true } }),
      ),
  ],
  ["POST /embeddings", (client) => client.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] })],
  [
    "POST /audio/transcriptions",
    async (client) => client.audio.transcriptions.create({ model: "whisper-1", file: await sound() }),
  ],
  [
    "POST /audio/transcriptions (stream)",
    async (client) =>
      collect(client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await sound(), stream: true })),
  ],
  [
    "POST /audio/transcriptions (srt)",
    async (client) =>
      client.audio.transcriptions.create({ model: "whisper-1", file: await sound(), response_format: "srt" }),
  ],
  [
    "POST /audio/translations",
    async (client) => client.audio.translations.create({ model: "whisper-1", file: await sound() }),
  ],
  ["POST /audio/speech (bytes)", (client) => bytesOf(client.audio.speech.create(speech))],
  ["POST /audio/speech (events)", (client) => bytesOf(client.audio.speech.create({ ...speech, stream_format: "sse" }))],
  ["POST /images/generations", (client) => client.images.generate({ model: "gpt-image-1", prompt: "A dot" })],
  [
    "POST /images/generations (stream)",
    (client) => collect(client.images.generate({ model: "gpt-image-1", prompt: "A dot", stream: true })),
  ],
  [
    "POST /images/edits",
    async (client) => client.images.edit({ model: "gpt-image-1", prompt: "A dot", image: await picture() }),
  ],
  [
    "POST /images/edits (stream)",
    async (client) =>
      collect(client.images.edit({ model: "gpt-image-1", prompt: "x", image: await picture(), stream: true })),
  ],
  ["an error 400", (client) => client.embeddings.create({ model: "error-400", input: "a" })],
  ["an error 429", (client) => client.images.generate({ model: "error-429", prompt: "a" })],
  ["an error 500", (client) => client.chat.completions.create({ model: "error-500", messages })],
];

export const otherCalls: readonly OpenAiCall[] = [
  [
    "POST /images/variations",
    async (client) => client.images.createVariation({ model: "dall-e-2", image: await picture() }),
  ],
  ["POST /moderations", (client) => client.moderations.create({ input: "Hello." })],
  ["POST /responses", (client) => client.responses.create({ model, input: "Hi" })],
  ["POST /responses (stream)", (client) => collect(client.responses.create({ model, input: "Hi", stream: true }))],
  ["POST /responses (background)", (client) => client.responses.create({ model, input: "Hi", background: true })],
  ["GET /responses/{id}", (client) => client.responses.retrieve("resp_1")],
  [
    "GET /responses/{id} (stream)",
    (client) => collect(client.responses.retrieve("resp_1", { stream: true, starting_after: 2 })),
  ],
  ["DELETE /responses/{id}", (client) => client.responses.delete("resp_1")],
  ["POST /responses/{id}/cancel", (client) => client.responses.cancel("resp_1")],
  ["GET /responses/{id}/input_items", (client) => collect(client.responses.inputItems.list("resp_1"))],
  ["POST /files", async (client) => client.files.create({ file: await rows(), purpose: "batch" })],
  ["GET /files", async (client) => (await client.files.list({ purpose: "batch", limit: 2 })).data],
  ["GET /files/{id}", (client) => client.files.retrieve("file-1")],
  ["GET /files/{id}/content", (client) => bytesOf(client.files.content("file-1"))],
  ["DELETE /files/{id}", (client) => client.files.delete("file-1")],
  [
    "POST /uploads",
    (client) => client.uploads.create({ bytes: 9, filename: "a.jsonl", mime_type: "text/jsonl", purpose: "batch" }),
  ],
  ["POST /uploads/{id}/parts", async (client) => client.uploads.parts.create("upload_1", { data: await rows() })],
  ["POST /uploads/{id}/complete", (client) => client.uploads.complete("upload_1", { part_ids: ["part_1"] })],
  ["POST /uploads/{id}/cancel", (client) => client.uploads.cancel("upload_1")],
  [
    "POST /batches",
    (client) =>
      client.batches.create({ input_file_id: "f", endpoint: "/v1/chat/completions", completion_window: "24h" }),
  ],
  ["GET /batches", async (client) => (await client.batches.list({ limit: 1 })).data],
  ["GET /batches/{id}", (client) => client.batches.retrieve("batch_1")],
  ["POST /batches/{id}/cancel", (client) => client.batches.cancel("batch_1")],
  ["GET /models/{id}", (client) => client.models.retrieve("gpt-4o-mini")],
  ["DELETE /models/{id}", (client) => client.models.delete("ft:gpt-4o-mini:acme::x")],
  ["POST /vector_stores", (client) => client.vectorStores.create({ name: "x", file_ids: ["file-1"] })],
  ["GET /vector_stores/{id}/files", (client) => client.vectorStores.files.retrieve("f", { vector_store_id: "v" })],
  ["POST /fine_tuning/jobs", (client) => client.fineTuning.jobs.create({ model, training_file: "file-1" })],
  ["POST /videos", (client) => client.videos.create({ model: "sora-2", prompt: "A dot" })],
  ["a path that is not there", (client) => client.get("/nothing/of/the/kind?a=%20b")],
];
