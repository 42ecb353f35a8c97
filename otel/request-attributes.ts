// Attributes that only the bodies know: the parameters of the request, the id of the answer, and the messages where
// the operator asked for them. Never throws; a body that is too large or no JSON gives nothing.
import type { Attributes } from "@opentelemetry/api";
import { limits } from "../src/limits.js";
import type { FinishedExchange } from "../src/trace/record.js";
import { contentAttributes } from "./content.js";
import { names } from "./names.js";

type Fields = Readonly<Record<string, unknown>>;

const idIn = /"id"\s*:\s*"([\w.:-]{1,128})"/;
const idWithinBytes = 512;
const textCharactersMax = 64;
const stopsMax = 8;

const numbers: readonly (readonly [field: string, name: string, whole: boolean])[] = [
  ["max_completion_tokens", names.requestMaxTokens, true],
  ["max_tokens", names.requestMaxTokens, true],
  ["temperature", names.requestTemperature, false],
  ["top_p", names.requestTopP, false],
  ["top_k", names.requestTopK, true],
  ["frequency_penalty", names.requestFrequencyPenalty, false],
  ["presence_penalty", names.requestPresencePenalty, false],
  ["seed", names.requestSeed, true],
];
/** `response_format.type` in the words of the conventions. */
const outputTypes: ReadonlyMap<unknown, string> = new Map([
  ["text", "text"],
  ["json_object", "json"],
  ["json_schema", "json"],
]);

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function parseFields(bytes: Uint8Array): Fields {
  if (bytes.length === 0 || bytes.length > limits.spanBodyBytesMax) return {};
  try {
    return fieldsOf(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")));
  } catch {
    return {};
  }
}

function shortText(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= textCharactersMax ? value : null;
}

function requestAttributes(request: Fields): Attributes {
  const attributes: Attributes = {};
  for (const [field, name, whole] of numbers) {
    const value = request[field];
    if (typeof value === "number" && Number.isFinite(value) && (!whole || Number.isInteger(value)))
      attributes[name] ??= value;
  }
  const { n, stop, response_format: format, reasoning_effort: effort, service_tier: tier } = request;
  if (typeof n === "number" && Number.isInteger(n) && n !== 1) attributes[names.requestChoiceCount] = n;
  const stops = (Array.isArray(stop) ? stop : [stop]).flatMap((one) => shortText(one) ?? []).slice(0, stopsMax);
  if (stops.length > 0) attributes[names.requestStopSequences] = stops;
  const output = outputTypes.get(fieldsOf(format)["type"]);
  if (output !== undefined) attributes[names.outputType] = output;
  const level = shortText(effort);
  if (level !== null) attributes[names.requestReasoningLevel] = level;
  const asked = shortText(tier);
  if (asked !== null) attributes[names.serviceTier] = asked;
  return attributes;
}

function responseId(body: Uint8Array): string | null {
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, idWithinBytes)).toString("latin1");
  return idIn.exec(head)?.[1] ?? null;
}

/** Of the operation's span. */
export function bodyAttributes(exchange: FinishedExchange, captureContent: boolean): Attributes {
  const request = parseFields(exchange.requestBody);
  const attributes = requestAttributes(request);
  const id = responseId(exchange.responseBody);
  if (id !== null) attributes[names.responseId] = id;
  return captureContent ? { ...attributes, ...contentAttributes(request, exchange) } : attributes;
}
