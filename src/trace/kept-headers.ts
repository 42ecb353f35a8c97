// Which headers of a request, and of its provider's answer, are recorded: those on two lists and no others, since what
// is not known by name may be a credential. They become one text that travels with the record.
import { limits } from "../limits.js";

type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What may cross to a provider, what official clients say of themselves, and the trace. `user-agent` is kept by itself. */
const ofRequests: readonly string[] = [
  "accept",
  "content-type",
  "openai-beta",
  "idempotency-key",
  "x-client-request-id",
  "range",
  "if-range",
  "if-none-match",
  "traceparent",
  "x-stainless-lang",
  "x-stainless-package-version",
  "x-stainless-os",
  "x-stainless-arch",
  "x-stainless-runtime",
  "x-stainless-runtime-version",
  "x-stainless-retry-count",
  "x-stainless-timeout",
  "x-stainless-read-timeout",
  "x-stainless-async",
  "x-stainless-helper-method",
  "x-stainless-raw-response",
];

/** What an answer is, how long it took, who made it, and what is left of the limits. */
const ofAnswers: readonly string[] = [
  "content-type",
  "server",
  "x-request-id",
  "request-id",
  "openai-processing-ms",
  "openai-version",
  "cf-ray",
  "apim-request-id",
  "x-ms-region",
  "retry-after",
  "retry-after-ms",
  "x-ratelimit-limit-requests",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-tokens",
  "x-ratelimit-reset-tokens",
  "anthropic-ratelimit-requests-limit",
  "anthropic-ratelimit-requests-remaining",
  "anthropic-ratelimit-requests-reset",
  "anthropic-ratelimit-tokens-limit",
  "anthropic-ratelimit-tokens-remaining",
  "anthropic-ratelimit-tokens-reset",
];

/** `text` and one more line; `text` alone where the line does not fit any more. */
function addLine(text: string, name: string, value: string): string {
  const kept = value.length > limits.headerValueMax ? value.slice(0, limits.headerValueMax) : value;
  if (text.length + name.length + kept.length + 3 > limits.keptHeadersMax) return text;
  return `${text}${name}: ${kept}\n`;
}

/** Lines of `name: value`, each with its line feed; at most `limits.keptHeadersMax` characters. */
export function keepRequestHeaders(headers: ReadonlyMap<string, string>): string {
  let text = "";
  // Asking for the names on the list is cheaper than a walk through what there is, and bounded.
  for (const name of ofRequests) {
    const value = headers.get(name);
    if (value !== undefined) text = addLine(text, name, value);
  }
  return text;
}

/** As `keepRequestHeaders`; a header that came more than once has its values joined by commas. */
export function keepAnswerHeaders(headers: AnswerHeaders): string {
  let text = "";
  for (const name of ofAnswers) {
    const value = headers[name];
    if (value !== undefined) text = addLine(text, name, typeof value === "string" ? value : value.join(", "));
  }
  return text;
}
