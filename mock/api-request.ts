// One request of an operation other than chat as the mock provider understood it: the fields of its JSON body or of its
// form, whichever it has, and the plans that its answer can be made of.
import type { AnswerPlan, AnswerStep } from "./answer-plan.js";
import { type Behaviour, findBehaviour } from "./behaviours.js";
import { type ApiShape, decode, type Endpoint } from "./endpoint.js";
import { defaultOptions, type MockOptions, readMockOptions } from "./mock-options.js";
import type { ReceivedRequest } from "./received-requests.js";
import { answerHeaders, typedHeaders } from "./response-headers.js";

export type ApiRequest = {
  readonly shape: ApiShape;
  readonly method: string;
  /** The segments of the path below `/v1`, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Of a JSON body, or the text fields of a form. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The files of a form: the name of the field and what was in it. */
  readonly files: readonly { readonly field: string; readonly filename: string; readonly bytes: Buffer }[];
  readonly model: string;
  readonly behaviour: Behaviour;
  readonly options: MockOptions;
  /** What is wrong with the body, or null. */
  readonly fault: string | null;
};

const partPattern = /name="([^"]*)"(?:;\s*filename="([^"]*)")?/i;

/** Reads a form as a provider does. The Latin-1 text has one character a byte. */
function readForm(body: Buffer, boundary: string): Pick<ApiRequest, "fields" | "files"> {
  const fields: Record<string, unknown> = {};
  const files: ApiRequest["files"][number][] = [];
  const text = `\r\n${body.toString("latin1")}`;
  for (const part of text.split(`\r\n--${boundary}`).slice(1)) {
    const headEnd = part.indexOf("\r\n\r\n");
    const found = headEnd === -1 ? null : partPattern.exec(part.slice(0, headEnd));
    if (found === null) continue;
    const bytes = Buffer.from(part.slice(headEnd + 4), "latin1");
    const [, field = "", filename] = found;
    if (filename === undefined) fields[field] = bytes.toString("utf8");
    else files.push({ field, filename, bytes });
  }
  return { fields, files };
}

function readJson(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function readApiRequest(received: ReceivedRequest, endpoint: Extract<Endpoint, { kind: "other" }>): ApiRequest {
  const [, query = ""] = received.path.split("?");
  const type = String(received.headers["content-type"] ?? "");
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  const json = boundary === undefined && received.body.length > 0 ? readJson(received.body) : {};
  const { fields, files } =
    boundary === undefined ? { fields: json ?? {}, files: [] } : readForm(received.body, boundary);
  const model = endpoint.deployment ?? (typeof fields["model"] === "string" ? fields["model"] : "");
  let options = defaultOptions;
  let fault = json === null && type.includes("json") ? "We could not parse the JSON body of your request." : null;
  try {
    options = readMockOptions(fields["mock"]);
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  return {
    shape: endpoint.shape,
    method: received.method,
    path: endpoint.operation.slice(1).split("/").map(decode),
    query: new URLSearchParams(query),
    fields,
    files,
    model,
    behaviour: findBehaviour(model),
    options,
    fault,
  };
}

export function planJson(request: ApiRequest, value: unknown, status = 200): AnswerPlan {
  const head = { delayMs: request.options.delayMs ?? 0, status, headers: answerHeaders(request.shape, "json") };
  return { kind: "whole", ...head, body: Buffer.from(JSON.stringify(value)) };
}

export function planBytes(request: ApiRequest, body: Buffer, contentType: string): AnswerPlan {
  const headers = typedHeaders(request.shape, contentType);
  return { kind: "whole", delayMs: request.options.delayMs ?? 0, status: 200, headers, body };
}

type EventFraming = {
  /** Whether each event is named by its type, as those of responses are. */
  readonly named: boolean;
  /** Whether `[DONE]` follows. */
  readonly done: boolean;
};

export type ApiEvent = { readonly type?: string; readonly [field: string]: unknown };

/** A stream; `cut` and `end-early` break it before its last event, `error-event` fails in its place. */
export function planEvents(request: ApiRequest, events: readonly ApiEvent[], framing: EventFraming): AnswerPlan {
  const { behaviour, options } = request;
  const name = behaviour.kind === "named" ? behaviour.name : "canned";
  const pauseMs = options.chunkDelayMs ?? (name === "stream" ? 50 : 0);
  const write = (event: ApiEvent): AnswerStep => {
    const head = framing.named && event.type !== undefined ? `event: ${event.type}\n` : "";
    return { kind: "write", bytes: Buffer.from(`${head}data: ${JSON.stringify(event)}\n\n`) };
  };
  const isCut = name === "cut" || name === "end-early" || name === "error-event";
  const steps = (isCut ? events.slice(0, -1) : events).flatMap((event): AnswerStep[] =>
    pauseMs > 0 ? [write(event), { kind: "pause", ms: pauseMs }] : [write(event)],
  );
  if (name === "cut") steps.push({ kind: "destroy" });
  if (name === "error-event") steps.push(write({ type: "error", code: "server_error", message: "It failed." }));
  if (framing.done && !isCut) steps.push({ kind: "write", bytes: Buffer.from("data: [DONE]\n\n") });
  return {
    kind: "steps",
    delayMs: options.delayMs ?? 0,
    status: 200,
    headers: answerHeaders(request.shape, "events"),
    framing: "chunked",
    steps,
  };
}
