// Error answers as OpenAI and Azure OpenAI word them, by status (facts: docs of both, and their clients' error classes).
import type { AnswerPlan } from "./answer-plan.js";
import type { ApiShape } from "./endpoint.js";
import { answerHeaders, rateLimitHeaders } from "./response-headers.js";

type ErrorFields = {
  readonly message: string;
  readonly type: string | null;
  readonly param: string | null;
  readonly code: string | null;
};

const defaults: Readonly<Record<number, ErrorFields>> = {
  400: { message: "The request is invalid.", type: "invalid_request_error", param: null, code: null },
  401: {
    message:
      "Incorrect API key provided: sk-inv*lid. You can find your API key at https://platform.openai.com/account/api-keys.",
    type: "invalid_request_error",
    param: null,
    code: "invalid_api_key",
  },
  403: {
    message: "You are not allowed to sample from this model.",
    type: "invalid_request_error",
    param: null,
    code: null,
  },
  404: {
    message: "The model does not exist or you do not have access to it.",
    type: "invalid_request_error",
    param: null,
    code: "model_not_found",
  },
  429: {
    message: "Rate limit reached for requests. Please try again later.",
    type: "requests",
    param: null,
    code: "rate_limit_exceeded",
  },
  500: {
    message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error",
    param: null,
    code: null,
  },
};

const azureUnauthorized =
  "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an " +
  "active subscription and use a correct regional API endpoint for your resource.";

const azureCodes: Readonly<Record<number, string>> = {
  400: "BadRequest",
  404: "DeploymentNotFound",
  500: "InternalServerError",
  503: "ServiceUnavailable",
};

/** The JSON body of an error; `given` replaces single fields of the status's usual wording. */
function errorJson(shape: ApiShape, status: number, given: Partial<ErrorFields> = {}): string {
  const usual = defaults[status] ?? { ...(status < 500 ? defaults[400] : defaults[500]) };
  const fields = { ...usual, ...given };
  if (shape === "openai" || given.message !== undefined) return `${JSON.stringify({ error: fields }, null, 2)}\n`;
  const message = status === 401 ? azureUnauthorized : fields.message;
  return JSON.stringify({ error: { code: azureCodes[status] ?? String(status), message } });
}

/** The whole answer of `error-<status>` and of everything that the mock provider refuses. */
export function planError(
  shape: ApiShape,
  status: number,
  given: Partial<ErrorFields> = {},
  timing: { readonly delayMs: number; readonly retryAfterMs: number } = { delayMs: 0, retryAfterMs: 0 },
): AnswerPlan {
  return {
    kind: "whole",
    delayMs: timing.delayMs,
    status,
    headers: status === 429 ? rateLimitHeaders(shape, timing.retryAfterMs) : answerHeaders(shape, "json"),
    body: Buffer.from(errorJson(shape, status, given)),
  };
}

/** Azure's answer to a path or an API version that it does not know. */
export function planAzureNotFound(): AnswerPlan {
  const body = Buffer.from(JSON.stringify({ error: { code: "404", message: "Resource not found" } }));
  return { kind: "whole", delayMs: 0, status: 404, headers: answerHeaders("azure", "json"), body };
}

/** The data of an event that reports a failure after the 200 was sent. */
export const midStreamError: string = JSON.stringify({
  error: {
    message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error",
    param: null,
    code: null,
  },
});
