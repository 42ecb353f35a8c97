// What Loom must know of a request before it can go on: parsed once, on the main thread, because the route depends on
// it. A body that names no model is not parsed at all.
import { LoomError } from "../errors/loom-error.js";
import type { Endpoint } from "./endpoints.js";
import { findFields, formBoundary } from "./form-fields.js";
import { type Labels, readLabels } from "./read-labels.js";
import type { AskedPath } from "./read-path.js";

type JsonObject = { readonly [key: string]: unknown };

/** Where the client's bytes carry the model: a JSON field, values of a form, or nowhere in the body. */
export type BodyModel =
  | { readonly in: "json"; readonly name: string | null }
  | {
      readonly in: "form";
      readonly name: string | null;
      readonly boundary: string;
      readonly spans: readonly { readonly start: number; readonly end: number }[];
    }
  | { readonly in: "nowhere"; readonly name: null };

export type ModelRequest = Labels & {
  readonly endpoint: Endpoint;
  /** As the client wrote it, or null when it named none. */
  readonly model: string | null;
  readonly bodyModel: BodyModel;
  readonly stream: boolean;
  /** The client's own `stream_options`, or null. */
  readonly streamOptions: JsonObject | null;
  /** Whether the client asked for the usage chunk itself. */
  readonly asksForUsage: boolean;
};

/** The parts of an exchange that are read; `isWhole` is false for an upload of which only the beginning is here. */
export type RequestParts = {
  readonly query: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly isWhole: boolean;
};

type BodyFacts = Pick<ModelRequest, "bodyModel" | "stream" | "streamOptions"> & {
  readonly user: string | null;
  readonly session: string | null;
};

const nothingRead: BodyFacts = {
  bodyModel: { in: "nowhere", name: null },
  stream: false,
  streamOptions: null,
  user: null,
  session: null,
};
const formNames: ReadonlySet<string> = new Set(["model", "stream", "user"]);

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
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

function lacksModel(): LoomError {
  return new LoomError("invalid_request", {
    message: "Give the model as a string in the field `model`.",
    param: "model",
  });
}

function readJson(body: Buffer): BodyFacts {
  const request = parseObject(body);
  const { model, stream, stream_options: streamOptions, metadata } = request;
  if (model !== undefined && model !== null && (typeof model !== "string" || model === "")) throw lacksModel();
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw new LoomError("invalid_request", { message: "`stream` must be true or false.", param: "stream" });
  }
  if (streamOptions !== undefined && streamOptions !== null && !isObject(streamOptions)) {
    throw new LoomError("invalid_request", { message: "`stream_options` must be an object.", param: "stream_options" });
  }
  const notes = isObject(metadata) ? metadata : {};
  return {
    bodyModel: { in: "json", name: model ?? null },
    stream: stream === true,
    streamOptions: isObject(streamOptions) ? streamOptions : null,
    user: textOf(request["safety_identifier"]) ?? textOf(request["user"]) ?? textOf(notes["user_id"]),
    session: textOf(notes["session_id"]),
  };
}

function readForm(body: Buffer, boundary: string): BodyFacts {
  const fields = findFields(body, boundary, formNames);
  const spans = fields.filter(({ name }) => name === "model");
  const name = spans[0]?.value ?? null;
  // Two readers of the form could take different ones, and only one was asked about.
  if (spans.some(({ value }) => value !== name)) {
    throw new LoomError("invalid_request", { message: "The form names more than one model.", param: "model" });
  }
  const valueOf = (wanted: string) => fields.find((field) => field.name === wanted)?.value ?? null;
  return {
    ...nothingRead,
    bodyModel: { in: "form", name: name === "" ? null : name, boundary, spans },
    stream: valueOf("stream") === "true",
    user: textOf(valueOf("user")),
  };
}

function readBody(endpoint: Endpoint, { headers, body, isWhole }: RequestParts): BodyFacts {
  if (endpoint.model !== "body") return nothingRead;
  const contentType = headers.get("content-type") ?? "";
  const boundary = formBoundary(contentType);
  if (boundary !== null) return readForm(body, boundary);
  if (endpoint.needsModel) {
    if (!isWhole) throw new LoomError("body_too_large");
    return readJson(body);
  }
  const isJson = body.length > 0 && (contentType === "" || /^\s*application\/(?:[^;]*\+)?json\b/i.test(contentType));
  return isJson && isWhole ? readJson(body) : nothingRead;
}

function modelInPath(operation: string): string {
  const rest = operation.slice(operation.indexOf("/", 1) + 1);
  // Its escapes were checked when the path was read.
  return decodeURIComponent(rest);
}

/** Reads a request of this endpoint. Throws LoomError `invalid_json`, `invalid_request` or `body_too_large`. */
export function readRequest(endpoint: Endpoint, asked: AskedPath, parts: RequestParts): ModelRequest {
  const facts = readBody(endpoint, parts);
  let model = asked.deployment ?? facts.bodyModel.name;
  if (model === null && endpoint.model === "path") model = modelInPath(asked.operation);
  if (model === null && endpoint.model === "query") model = textOf(new URLSearchParams(parts.query).get("model"));
  if (model === null && endpoint.needsModel) throw lacksModel();
  const { bodyModel, stream, streamOptions } = facts;
  const { sessionId, endUser, tags } = readLabels(parts.headers, facts.user, facts.session);
  const asksForUsage = streamOptions?.["include_usage"] === true;
  return { endpoint, model, bodyModel, stream, streamOptions, asksForUsage, sessionId, endUser, tags };
}
