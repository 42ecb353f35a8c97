// One chat completion as the mock provider understood it, read from the body bytes and the endpoint.
// What a real provider refuses with 400 is refused here too, so that a gateway's mistakes show.
import { type Behaviour, findBehaviour } from "./behaviours.js";
import type { ApiShape } from "./endpoint.js";
import { type MockOptions, readMockOptions } from "./mock-options.js";

export type JsonObject = Readonly<Record<string, unknown>>;

export type ChatRequest = {
  readonly shape: ApiShape;
  /** The model or deployment name as it was sent. */
  readonly model: string;
  /** The model name that the answer carries. */
  readonly answerModel: string;
  readonly behaviour: Behaviour;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly options: MockOptions;
  readonly messages: readonly unknown[];
  readonly tools: readonly unknown[];
  readonly toolChoice: unknown;
  readonly responseFormat: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
};

/** A 400 as the provider words it. */
export type ChatRefusal = { readonly message: string; readonly param: string | null; readonly code: string | null };

export type ChatEndpoint = {
  readonly shape: ApiShape;
  /** From a classic Azure path; null: the body's `model` counts. */
  readonly deployment: string | null;
  /** Azure's dated version; null on the OpenAI and the v1 paths. */
  readonly apiVersion: string | null;
  /** What Azure calls the model behind a deployment; answers carry this name. */
  readonly azureModel: string;
};

/** The first date whose Azure API knows `stream_options` (2024-09-01-preview). */
const streamOptionsSince = "2024-09-01";

export function readChatRequest(
  body: Buffer,
  endpoint: ChatEndpoint,
  headers: Readonly<Record<string, unknown>>,
): { request: ChatRequest } | { refusal: ChatRefusal } {
  const fields = parseObject(body);
  if (fields === null) {
    return refuse(
      "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library " +
        "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
    );
  }
  const model = endpoint.deployment ?? fields["model"];
  if (typeof model !== "string" || model === "") return refuse("you must provide a model parameter");
  const { messages, stream, stream_options: streamOptions } = fields;
  if (!Array.isArray(messages)) {
    return refuse("Missing required parameter: 'messages'.", "messages", "missing_required_parameter");
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    return refuse("Invalid type for 'stream': expected a boolean.", "stream", "invalid_type");
  }
  if (streamOptions !== undefined && streamOptions !== null) {
    if (endpoint.apiVersion !== null && endpoint.apiVersion.slice(0, 10) < streamOptionsSince) {
      return refuse("Unrecognized request argument supplied: stream_options");
    }
    if (stream !== true) {
      const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
      return refuse(message, "stream_options");
    }
  }
  let options: MockOptions;
  try {
    options = readMockOptions(fields["mock"]);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), "mock", "invalid_value");
  }
  const request: ChatRequest = {
    shape: endpoint.shape,
    model,
    answerModel: options.model ?? (endpoint.shape === "azure" ? endpoint.azureModel : model),
    behaviour: findBehaviour(model),
    stream: stream === true,
    includeUsage: isObject(streamOptions) && streamOptions["include_usage"] === true,
    options,
    messages,
    tools: Array.isArray(fields["tools"]) ? fields["tools"] : [],
    toolChoice: fields["tool_choice"],
    responseFormat: fields["response_format"],
    headers,
  };
  return { request };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text of the last user message; text parts of an array are joined. Empty when there is none. */
export function lastUserText(messages: readonly unknown[]): string {
  const last = messages.findLast((message) => isObject(message) && message["role"] === "user");
  const content = isObject(last) ? last["content"] : null;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : "")).join("");
}

function parseObject(body: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function refuse(message: string, param: string | null = null, code: string | null = null): { refusal: ChatRefusal } {
  return { refusal: { message, param, code } };
}
