// The response headers of OpenAI and Azure OpenAI, as far as clients and gateways look at them.
import type { HeaderLines } from "./answer-plan.js";
import type { ApiShape } from "./endpoint.js";

const openaiHeaders: HeaderLines = [
  "openai-organization",
  "org-mock",
  "openai-processing-ms",
  "5",
  "openai-version",
  "2020-10-01",
  "x-ratelimit-limit-requests",
  "10000",
  "x-ratelimit-limit-tokens",
  "2000000",
  "x-ratelimit-remaining-requests",
  "9999",
  "x-ratelimit-remaining-tokens",
  "1999985",
  "x-ratelimit-reset-requests",
  "6ms",
  "x-ratelimit-reset-tokens",
  "0s",
];

const azureHeaders: HeaderLines = [
  "apim-request-id",
  "00000000-0000-4000-8000-00000000a9e1",
  "azureml-model-session",
  "d042-20260101000000",
  "x-ms-region",
  "Sweden Central",
  "x-ms-client-request-id",
  "Not-Set",
  "x-ratelimit-remaining-requests",
  "999",
  "x-ratelimit-remaining-tokens",
  "99985",
];

const contentTypes = {
  json: "application/json",
  events: "text/event-stream; charset=utf-8",
} as const;

const openaiJson: HeaderLines = ["content-type", contentTypes.json, ...openaiHeaders];
const openaiEvents: HeaderLines = ["content-type", contentTypes.events, "cache-control", "no-cache", ...openaiHeaders];
const azureJson: HeaderLines = ["content-type", contentTypes.json, ...azureHeaders];
const azureEvents: HeaderLines = ["content-type", contentTypes.events, "x-accel-buffering", "no", ...azureHeaders];

/** Everything but the request id, which the server adds for each answer. */
export function answerHeaders(shape: ApiShape, content: keyof typeof contentTypes): HeaderLines {
  if (shape === "openai") return content === "json" ? openaiJson : openaiEvents;
  return content === "json" ? azureJson : azureEvents;
}

/** The headers of an answer of another type, such as sound. */
export function typedHeaders(shape: ApiShape, contentType: string): HeaderLines {
  const [name = "content-type", , ...others] = answerHeaders(shape, "json");
  return [name, contentType, ...others];
}

/** The headers of a 429: `retry-after` in whole seconds, `retry-after-ms` for clients that know it. */
export function rateLimitHeaders(shape: ApiShape, retryAfterMs: number): HeaderLines {
  const retry = ["retry-after-ms", String(retryAfterMs), "retry-after", String(Math.ceil(retryAfterMs / 1000))];
  const spent = [...answerHeaders(shape, "json")];
  const remaining = spent.indexOf("x-ratelimit-remaining-requests");
  spent[remaining + 1] = "0";
  return [...spent, ...retry];
}
