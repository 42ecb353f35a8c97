// Usage of the formats whose stream events say their type: responses, transcriptions, speech. The last event that has
// usage carries it, of a response within the response itself. Source: facts/protocols.md 1.8 and 1.9.
import { isPlainJson, plainText, streamText } from "./decode-answer.js";
import { splitEvents } from "./split-events.js";
import { fieldsOf, readInputOutputUsage } from "./usage.js";
import type { Collected } from "./usage-collector.js";

type Fields = Readonly<Record<string, unknown>>;

const nothing: Collected = { usage: null, responseModel: null, finishReason: null, failed: false };
const usageIn = /"usage"\s*:\s*\{/;
const failureIn = /"type"\s*:\s*"(?:error|response\.failed)"|"error"\s*:\s*\{/;
const modelIn = /"model"\s*:\s*"[^"]/;
/** An event stream begins with a field's name or a comment; anything else that is no JSON is text or sound. */
const streamStart = /^\ufeff?\s*(?::|data|event|id|retry)/;

function parse(json: string): Fields | null {
  try {
    return fieldsOf(JSON.parse(json));
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Why a response ended: its status, or the reason for which it is not complete. */
function finishOf(response: Fields): string | null {
  return textOf(fieldsOf(response["incomplete_details"])?.["reason"]) ?? textOf(response["status"]);
}

function read(response: Fields): Collected {
  const backgroundId = response["background"] === true ? textOf(response["id"]) : null;
  return {
    ...(backgroundId !== null && { backgroundId }),
    usage: readInputOutputUsage(response["usage"]),
    responseModel: textOf(response["model"]),
    finishReason: finishOf(response),
    failed: Boolean(response["error"]),
  };
}

export function collectTyped(bytes: Uint8Array): Collected {
  if (isPlainJson(bytes)) {
    const body = parse(plainText(bytes));
    return body === null ? nothing : read(body);
  }
  if (!streamStart.test(Buffer.from(bytes.subarray(0, 64)).toString("utf8"))) return nothing;
  const { events, failed: namedError } = splitEvents(streamText(bytes));
  let found: Collected = { ...nothing, failed: namedError };
  for (let at = events.length - 1; at >= 0; at -= 1) {
    const event = events[at] as string;
    if (found.usage !== null && found.responseModel !== null) break;
    const isWanted = usageIn.test(event) || failureIn.test(event) || modelIn.test(event);
    const fields = isWanted ? parse(event) : null;
    if (fields === null) continue;
    const failed = fields["type"] === "error" || fields["type"] === "response.failed";
    const part = read(fieldsOf(fields["response"]) ?? fields);
    found = {
      ...part,
      ...found,
      usage: found.usage ?? part.usage,
      responseModel: found.responseModel ?? part.responseModel,
      finishReason: found.finishReason ?? part.finishReason,
      failed: found.failed || failed || part.failed,
    };
  }
  return found;
}
