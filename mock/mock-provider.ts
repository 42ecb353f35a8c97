// The mock provider: a real HTTP server that speaks OpenAI's and Azure OpenAI's wire format. It is the `mock/...`
// provider of a running gateway, and the upstream of tests and benches.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { planChat } from "./answer-chat.js";
import { planModel, planModelList } from "./answer-models.js";
import type { AnswerPlan } from "./answer-plan.js";
import { planOther } from "./api-answers.js";
import { type ChatRequest, readChatRequest } from "./chat-request.js";
import { type ApiShape, type Endpoint, findEndpoint, type ServedShape } from "./endpoint.js";
import { planAzureNotFound, planError } from "./error-answers.js";
import { defaultOptions } from "./mock-options.js";
import { playAnswer } from "./play-answer.js";
import { keepReceived, type ReceivedRequest } from "./received-requests.js";

export type MockProviderOptions = {
  readonly shape: ServedShape;
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Called when an exchange is over, whatever its outcome. */
  readonly log?: (line: ReceivedRequest) => void;
  /** Requests kept in `received`; default 256, 0 keeps none. */
  readonly receivedMax?: number;
  /** The model name in Azure-shaped answers, whatever the deployment is called. */
  readonly azureModel?: string;
};

export type MockProvider = {
  /** The origin, such as `http://127.0.0.1:3001`; OpenAI's base URL is this with `/v1`. */
  readonly url: string;
  readonly port: number;
  /** The latest requests, oldest first. */
  readonly received: ReceivedRequest[];
  /** Breaks what is still open and stops. */
  readonly close: () => Promise<void>;
};

type MockState = {
  readonly options: MockProviderOptions;
  readonly received: ReceivedRequest[];
  /** Plans of canned answers, made once: a bench asks for the same one again and again. */
  readonly canned: Map<string, AnswerPlan>;
  /** For the option `times`: how often a key has been seen. */
  readonly seen: Map<string, number>;
  answered: number;
};

const headerBytesMax = 64 * 1024;
const idleConnectionMs = 65_000;
const cannedMax = 256;
const seenMax = 10_000;

export async function startMockProvider(options: MockProviderOptions): Promise<MockProvider> {
  const state: MockState = { options, received: [], canned: new Map(), seen: new Map(), answered: 0 };
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveTimeout: idleConnectionMs, maxHeaderSize: headerBytesMax },
    (request, response) => receive(request, response, state),
  );
  // An upload may take as long as it likes; the gateway under test has its own deadlines.
  server.requestTimeout = 0;
  server.listen(options.port, options.host ?? "127.0.0.1");
  await once(server, "listening");
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${host}:${port}`, port, received: state.received, close };
}

function receive(request: IncomingMessage, response: ServerResponse, state: MockState): void {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const body = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    answer(request, response, body, state);
  });
  // A client that leaves while it sends its request.
  request.on("error", () => response.destroy());
}

function answer(request: IncomingMessage, response: ServerResponse, body: Buffer, state: MockState): void {
  const received: ReceivedRequest = {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
    receivedAtMs: Date.now(),
    status: null,
    sentBytes: 0,
    sent: [],
    outcome: "open",
  };
  keepReceived(state.received, received, state.options.receivedMax ?? 256);
  response.once("close", () => {
    if (received.outcome === "open") received.outcome = response.writableFinished ? "ended" : "client-gone";
    state.options.log?.(received);
  });
  state.answered += 1;
  const requestId = `req_${state.answered.toString(16).padStart(32, "0")}`;
  playAnswer(planFor(received, state), response, received, requestId);
}

function planFor(received: ReceivedRequest, state: MockState): AnswerPlan {
  const endpoint = findEndpoint(received.method, received.path, state.options.shape);
  const { shape } = endpoint;
  if (hasInvalidKey(received)) return planError(shape, 401);
  switch (endpoint.kind) {
    case "chat":
      return planChatRequest(received, endpoint, state);
    case "other":
      return planOther(received, endpoint) ?? planUnknown(received, shape);
    case "models":
      return planModelList(shape);
    case "model":
      return planModel(shape, endpoint.id);
    case "wrong-method": {
      const message = `Not allowed to ${received.method} on ${received.path}.`;
      return planError(shape, 405, { message, code: "method_not_supported" });
    }
    case "unknown":
      return planUnknown(received, shape);
  }
}

function planUnknown(received: ReceivedRequest, shape: ApiShape): AnswerPlan {
  if (shape === "azure") return planAzureNotFound();
  const message = `Invalid URL (${received.method} ${received.path})`;
  return planError(shape, 404, { message, code: null });
}

/** Any key is good, and none at all; only `sk-invalid` is not. */
function hasInvalidKey(received: ReceivedRequest): boolean {
  const { authorization } = received.headers;
  return authorization === "Bearer sk-invalid" || received.headers["api-key"] === "sk-invalid";
}

function planChatRequest(
  received: ReceivedRequest,
  endpoint: Extract<Endpoint, { kind: "chat" }>,
  state: MockState,
): AnswerPlan {
  const azureModel = state.options.azureModel ?? "gpt-4o-mini-2024-07-18";
  const read = readChatRequest(received.body, { ...endpoint, azureModel }, received.headers);
  if ("refusal" in read) return planError(endpoint.shape, 400, read.refusal);
  const request = applyTimes(read.request, state.seen);
  if (!isCanned(request)) return planChat(request);
  const name = `${request.shape} ${request.stream} ${request.includeUsage} ${request.answerModel}`;
  const known = state.canned.get(name);
  if (known !== undefined) return known;
  const made = planChat(request);
  const plan = made.kind === "steps" ? { ...made, steps: [...made.steps] } : made;
  if (state.canned.size >= cannedMax) state.canned.clear();
  state.canned.set(name, plan);
  return plan;
}

/** Whether the answer depends on nothing but its shape, its model name and the stream's fields. */
function isCanned(request: ChatRequest): boolean {
  const { behaviour, options, responseFormat } = request;
  const isPlain = options === defaultOptions && (responseFormat === undefined || responseFormat === null);
  return isPlain && behaviour.kind === "named" && behaviour.name === "canned";
}

/** The option `times`: once a key has had its share, the request gets the canned answer. */
function applyTimes(request: ChatRequest, seen: Map<string, number>): ChatRequest {
  const { times, key } = request.options;
  if (times === null) return request;
  const name = key ?? request.model;
  const before = seen.get(name) ?? 0;
  if (seen.size >= seenMax && before === 0) seen.clear();
  seen.set(name, before + 1);
  return before < times ? request : { ...request, behaviour: { kind: "named", name: "canned" } };
}
