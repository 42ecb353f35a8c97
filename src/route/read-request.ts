// What Loom must know of a chat request: parsed once, on the main thread, because the route depends on it.
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";

type JsonObject = { readonly [key: string]: unknown };

export type ChatRequest = {
  /** As the client wrote it. */
  readonly model: string;
  readonly stream: boolean;
  /** The client's own `stream_options`, or null. */
  readonly streamOptions: JsonObject | null;
  /** Whether the client asked for the usage chunk itself. */
  readonly asksForUsage: boolean;
  readonly endUser: string | null;
  readonly sessionId: string | null;
  readonly tags: readonly string[];
};

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

const sessionHeaders = [
  "x-loom-session-id",
  "x-session-id",
  "session-id",
  "helicone-session-id",
  "x-litellm-session-id",
];
const userHeaders = ["x-loom-user-id", "x-user-id", "helicone-user-id", "x-litellm-end-user-id"];
const tagHeaders = ["x-loom-tags", "x-litellm-tags"];

function firstHeader(headers: ReadonlyMap<string, string>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = headers.get(name);
    if (value) return value;
  }
  return null;
}

function readTags(headers: ReadonlyMap<string, string>): readonly string[] {
  const line = firstHeader(headers, tagHeaders);
  if (line === null) return [];
  const tags = line
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
  return [...new Set(tags)].slice(0, limits.tagsMax);
}

/** Where the parser stopped. Its own words quote the body, which no error may do. */
function placeOf(cause: unknown): string {
  const position = /at position (\d+)/.exec(cause instanceof Error ? cause.message : "")?.[1];
  return position === undefined ? "" : ` (at position ${position})`;
}

function parseObject(body: Buffer): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new LoomError("invalid_json", {
      message: `The request body is not valid JSON${placeOf(cause)}.`,
      cause,
    });
  }
  if (!isObject(parsed)) throw new LoomError("invalid_request", { message: "The request body must be a JSON object." });
  return parsed;
}

/** Reads a chat completion request. Throws LoomError `invalid_json` or `invalid_request`. */
export function readChatRequest(body: Buffer, headers: ReadonlyMap<string, string>): ChatRequest {
  const request = parseObject(body);
  const { model, stream, stream_options: streamOptions, metadata } = request;
  if (typeof model !== "string" || model === "") {
    throw new LoomError("invalid_request", {
      message: "Give the model as a string in the field `model`.",
      param: "model",
    });
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw new LoomError("invalid_request", { message: "`stream` must be true or false.", param: "stream" });
  }
  if (streamOptions !== undefined && streamOptions !== null && !isObject(streamOptions)) {
    throw new LoomError("invalid_request", { message: "`stream_options` must be an object.", param: "stream_options" });
  }
  const options = isObject(streamOptions) ? streamOptions : null;
  const notes = isObject(metadata) ? metadata : {};
  return {
    model,
    stream: stream === true,
    streamOptions: options,
    asksForUsage: options?.["include_usage"] === true,
    endUser:
      firstHeader(headers, userHeaders) ??
      textOf(request["safety_identifier"]) ??
      textOf(request["user"]) ??
      textOf(notes["user_id"]),
    sessionId: firstHeader(headers, sessionHeaders) ?? textOf(notes["session_id"]),
    tags: readTags(headers),
  };
}
