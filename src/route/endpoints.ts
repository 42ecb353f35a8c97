// The one table of endpoints: how each is named in traces, where its model is found, how its usage is read and how
// its streams end. Whatever is not in it is forwarded all the same, without usage.
// Source: OpenAI API reference; facts/protocols.md 1.8, 1.9 and 2.
import type { UsageFormat } from "../trace/record.js";

/** `body`: a JSON field or a form's field, by the content type. `path`: the rest of the path. */
export type ModelPlace = "body" | "path" | "query" | "none";

/**
 * What tells that a stream of events is whole: `[DONE]` or a finish reason, the last event of a response, the one of
 * an audio answer, or nothing but the end of the HTTP body.
 */
export type StreamEnd = "done" | "responses" | "audio" | "http";

export type Endpoint = {
  /** What `traces.endpoint` holds, such as `/v1/responses/{id}`. */
  readonly template: string;
  readonly model: ModelPlace;
  /** Whether the provider refuses it without a model. */
  readonly needsModel: boolean;
  readonly usage: UsageFormat;
  readonly streamEnd: StreamEnd;
  /** Whether a stream takes `stream_options.include_usage`. */
  readonly takesUsageOption: boolean;
};

type Traits = Partial<Omit<Endpoint, "template">>;

const plain: Omit<Endpoint, "template"> = {
  model: "none",
  needsModel: false,
  usage: "none",
  streamEnd: "http",
  takesUsageOption: false,
};

const chat: Traits = {
  model: "body",
  needsModel: true,
  usage: "openai-chat",
  streamEnd: "done",
  takesUsageOption: true,
};
const response: Traits = { model: "body", usage: "openai-responses", streamEnd: "responses" };
const image: Traits = { model: "body", usage: "openai-images" };
const audio: Traits = { model: "body", usage: "openai-audio", streamEnd: "audio" };
const modelInBody: Traits = { model: "body" };

/** Method and path below `/v1`; `{id}` stands for one segment, `{model}` for the rest of the path. */
const rows: readonly (readonly [method: string, path: string, traits?: Traits])[] = [
  ["POST", "/chat/completions", chat],
  ["GET", "/chat/completions/{id}"],
  ["GET", "/chat/completions/{id}/messages"],
  ["POST", "/completions", chat],
  ["POST", "/embeddings", { model: "body", needsModel: true, usage: "openai-embeddings" }],
  ["POST", "/responses", response],
  ["POST", "/responses/compact", response],
  ["POST", "/responses/input_tokens", modelInBody],
  ["GET", "/responses/{id}", { usage: "openai-response-read", streamEnd: "responses" }],
  ["POST", "/responses/{id}/cancel"],
  ["GET", "/responses/{id}/input_items"],
  ["POST", "/moderations", modelInBody],
  ["POST", "/images/generations", image],
  ["POST", "/images/edits", image],
  ["POST", "/images/variations", image],
  ["POST", "/audio/speech", { ...audio, needsModel: true }],
  ["POST", "/audio/transcriptions", audio],
  ["POST", "/audio/translations", audio],
  ["GET", "/files"],
  ["GET", "/files/{id}"],
  ["GET", "/files/{id}/content"],
  ["POST", "/uploads"],
  ["POST", "/uploads/{id}/parts"],
  ["POST", "/uploads/{id}/complete"],
  ["POST", "/uploads/{id}/cancel"],
  ["GET", "/batches"],
  ["GET", "/batches/{id}"],
  ["POST", "/batches/{id}/cancel"],
  ["GET", "/models/{model}", { model: "path" }],
  ["DELETE", "/models/{model}", { model: "path" }],
  ["POST", "/fine_tuning/jobs", modelInBody],
  ["GET", "/fine_tuning/jobs/{id}"],
  ["POST", "/videos", modelInBody],
  ["GET", "/videos/{id}"],
  ["GET", "/videos/{id}/content"],
  ["POST", "/realtime/calls", { model: "query" }],
];

type ByMethod = ReadonlyMap<string, Endpoint>;

function tabulate(): ReadonlyMap<string, ByMethod> {
  const table = new Map<string, Map<string, Endpoint>>();
  for (const [method, path, traits] of rows) {
    const byMethod = table.get(path) ?? new Map<string, Endpoint>();
    byMethod.set(method, { ...plain, ...traits, template: `/v1${path}` });
    table.set(path, byMethod);
  }
  return table;
}

const methodsOf = tabulate();
const patterns = [...methodsOf.keys()].filter((path) => path.includes("{")).map((path) => path.split("/"));

/** Not one of the table: a model is looked for in what it sends. */
const unknownPost: Endpoint = { ...plain, template: "/v1/*", model: "body" };
const unknownOther: Endpoint = { ...plain, template: "/v1/*" };

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.at(-1) === "{model}") return segments.length >= pattern.length && pattern[1] === segments[1];
  return (
    pattern.length === segments.length &&
    pattern.every((part, at) => part === segments[at] || (part === "{id}" && segments[at] !== ""))
  );
}

/** The endpoint of a method and a raw path below `/v1`, such as `/files/file-1/content`. Every path has one. */
export function findEndpoint(method: string, operation: string): Endpoint {
  let path = operation;
  let byMethod = methodsOf.get(path);
  if (byMethod === undefined) {
    const segments = operation.split("/");
    path = patterns.find((pattern) => fits(pattern, segments))?.join("/") ?? "";
    byMethod = methodsOf.get(path);
  }
  if (byMethod === undefined) return method === "POST" ? unknownPost : unknownOther;
  return byMethod.get(method) ?? { ...plain, template: `/v1${path}` };
}
