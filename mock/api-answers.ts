// From a request of any operation but chat to the plan of its answer.
import { planBatches, planEcho, planFiles, planUploads } from "./answer-files.js";
import { planAudio, planImages } from "./answer-media.js";
import type { AnswerPlan } from "./answer-plan.js";
import { planResponses } from "./answer-responses.js";
import { planCompletion, planEmbeddings, planModeration } from "./answer-texts.js";
import { type ApiRequest, readApiRequest } from "./api-request.js";
import type { Endpoint } from "./endpoint.js";
import { planError } from "./error-answers.js";
import type { ReceivedRequest } from "./received-requests.js";

const onlyPost =
  (plan: (request: ApiRequest) => AnswerPlan | null) =>
  (request: ApiRequest): AnswerPlan | null =>
    request.method === "POST" ? plan(request) : planError(request.shape, 405, { message: "Use POST.", code: null });

/** By the first segment of the path. */
const answers: ReadonlyMap<string, (request: ApiRequest) => AnswerPlan | null> = new Map([
  ["completions", onlyPost(planCompletion)],
  ["embeddings", onlyPost(planEmbeddings)],
  ["moderations", onlyPost(planModeration)],
  ["responses", planResponses],
  ["images", onlyPost(planImages)],
  ["audio", onlyPost(planAudio)],
  ["files", planFiles],
  ["uploads", planUploads],
  ["batches", planBatches],
]);

/** Operations of these names are echoed; a path of any other is not there. */
const echoed: ReadonlySet<string> = new Set([
  ...["assistants", "chat", "containers", "conversations", "evals", "fine_tuning", "models", "organization"],
  ...["realtime", "skills", "threads", "vector_stores", "videos"],
]);

/** Null for a path that there is not. */
export function planOther(
  received: ReceivedRequest,
  endpoint: Extract<Endpoint, { kind: "other" }>,
): AnswerPlan | null {
  const request = readApiRequest(received, endpoint);
  const { behaviour, options, shape } = request;
  if (request.fault !== null) return planError(shape, 400, { message: request.fault });
  if (behaviour.kind === "error") {
    const delayMs = options.delayMs ?? 0;
    return planError(shape, behaviour.status, {}, { delayMs, retryAfterMs: options.retryAfterMs });
  }
  if (behaviour.name === "timeout") return { kind: "hang" };
  if (behaviour.name === "cut-before") return { kind: "destroy", delayMs: options.delayMs ?? 0 };
  const first = request.path[0] ?? "";
  return answers.get(first)?.(request) ?? (echoed.has(first) ? planEcho(request) : null);
}
