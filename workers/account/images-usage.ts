// Usage of image answers. Megabytes of base64 stand before it, so only what follows its last mention is parsed.
// Source: facts/protocols.md 1.9.
import { fieldsOf, readInputOutputUsage, type Usage } from "./usage.js";
import type { Collected } from "./usage-collector.js";

const mark = Buffer.from('"usage"');
const usageBytesMax = 4096;
const errorStart =
  /^\s*\{\s*"error"\s*:\s*\{|(?:^|\n)event: ?error|(?:^|\n)data: ?\{\s*"(?:error"\s*:\s*\{|type"\s*:\s*"error")/;

/** The JSON object that begins at the first brace of `text`, or null. No string of a usage object holds a brace. */
function firstObject(text: string): unknown {
  const start = text.indexOf("{");
  let depth = 0;
  for (let at = start; at !== -1 && at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth > 0) continue;
    try {
      return JSON.parse(text.slice(start, at + 1)) as unknown;
    } catch {
      return null;
    }
  }
  return null;
}

function usageIn(body: Buffer): Usage | null {
  const at = body.lastIndexOf(mark);
  if (at === -1) return null;
  const after = body.toString("utf8", at + mark.length, at + usageBytesMax);
  return /^\s*:\s*\{/.test(after) ? readInputOutputUsage(fieldsOf(firstObject(after))) : null;
}

export function collectImages(bytes: Uint8Array): Collected {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A short answer may be an error; a stream's error comes at its end.
  const ends = `${body.toString("utf8", 0, usageBytesMax)}\n${body.toString("utf8", Math.max(0, body.length - usageBytesMax))}`;
  return { usage: usageIn(body), responseModel: null, finishReason: null, failed: errorStart.test(ends) };
}
