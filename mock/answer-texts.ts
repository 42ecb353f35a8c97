// Legacy completions, embeddings and moderations.

import type { AnswerPlan } from "./answer-plan.js";
import { type ApiEvent, type ApiRequest, planEvents, planJson } from "./api-request.js";
import { createdSeconds } from "./completion-body.js";

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const words = ["Hello", " from", " the", " mock."];

function completion(request: ApiRequest, text: string, finish: string | null, more: object = {}): ApiEvent {
  const choices = [{ text, index: 0, logprobs: null, finish_reason: finish }];
  const id = "cmpl-MockMockMockMockMockMockMock";
  return { id, object: "text_completion", created: createdSeconds, model: request.model, choices, ...more };
}

export function planCompletion(request: ApiRequest): AnswerPlan {
  const { fields } = request;
  if (fields["stream"] !== true) return planJson(request, completion(request, words.join(""), "stop", { usage }));
  const options = fields["stream_options"] as { include_usage?: boolean } | undefined;
  const asked = options?.include_usage === true;
  const null_ = asked ? { usage: null } : {};
  const events = words.map((word, at) => completion(request, word, at === words.length - 1 ? "stop" : null, null_));
  if (asked) events.push({ ...completion(request, "", null), choices: [], usage });
  return planEvents(request, events, { named: false, done: true });
}

/** The same numbers for the same text; as base64 when asked, which official clients do by themselves. */
export function planEmbeddings(request: ApiRequest): AnswerPlan {
  const { input, dimensions, encoding_format: format } = request.fields;
  const inputs: readonly unknown[] = Array.isArray(input) && typeof input[0] !== "number" ? input : [input];
  const length = typeof dimensions === "number" ? dimensions : 8;
  const data = inputs.map((text, index) => {
    const seed = [...JSON.stringify(text)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7);
    const numbers = Float32Array.from({ length }, (_, at) => ((seed * (at + 1)) % 997) / 997);
    const embedding = format === "base64" ? Buffer.from(numbers.buffer).toString("base64") : [...numbers];
    return { object: "embedding", index, embedding };
  });
  const tokens = inputs.length * 4;
  const sums = { prompt_tokens: tokens, total_tokens: tokens };
  return planJson(request, { object: "list", data, model: request.model, usage: sums });
}

const categories = ["harassment", "hate", "illicit", "self-harm", "sexual", "violence"];

export function planModeration(request: ApiRequest): AnswerPlan {
  const { input } = request.fields;
  const results = (Array.isArray(input) ? (input as unknown[]) : [input]).map(() => ({
    flagged: false,
    categories: Object.fromEntries(categories.map((name) => [name, false])),
    category_scores: Object.fromEntries(categories.map((name) => [name, 0.0001])),
    category_applied_input_types: Object.fromEntries(categories.map((name) => [name, ["text"]])),
  }));
  return planJson(request, { id: "modr-mock", model: request.model || "omni-moderation-latest", results });
}
