// Changes single top-level values of a JSON object in its bytes, so that everything that Loom has no reason to
// change reaches the provider exactly as the client wrote it (number forms, key order, duplicate keys, spacing).

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

/** The bytes `[start, end)` of one top-level value. */
export type ValueSpan = { readonly key: string; readonly start: number; readonly end: number };

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

/** Past the closing quote of the string that starts at `from`. */
function skipString(json: Buffer, from: number): number {
  let end = json.indexOf(quote, from + 1);
  for (;;) {
    let slashes = 0;
    while (json[end - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    end = json.indexOf(quote, end + 1);
  }
}

/** Past the value that starts at `from`. */
function skipValue(json: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const byte = json[at];
    if (byte === quote) {
      at = skipString(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === comma || isSpace(byte))) return at;
    at += 1;
  }
  return at;
}

/** The spans of all top-level values with one of these keys. `json` must be a valid JSON object: parse it first. */
export function findValues(json: Buffer, keys: ReadonlySet<string>): ValueSpan[] {
  const spans: ValueSpan[] = [];
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (json[at] === quote) {
    const keyEnd = skipString(json, at);
    const raw = json.toString("utf8", at + 1, keyEnd - 1);
    const key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
    at = skipSpace(json, keyEnd);
    if (json[at] !== colon) throw new SyntaxError("not a JSON object");
    const start = skipSpace(json, at + 1);
    const end = skipValue(json, start);
    if (keys.has(key)) spans.push({ key, start, end });
    at = skipSpace(json, end);
    if (json[at] === comma) at = skipSpace(json, at + 1);
  }
  return spans;
}

/**
 * `json` with the top-level values of `changes` replaced (every occurrence of a repeated key), or added before the
 * closing brace where the key is absent. Values are JSON text. All other bytes stay as they are.
 */
export function changeValues(json: Buffer, changes: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = [];
  const missing = new Map(changes);
  let copied = 0;
  for (const span of findValues(json, new Set(changes.keys()))) {
    parts.push(json.subarray(copied, span.start), Buffer.from(changes.get(span.key) ?? "null"));
    copied = span.end;
    missing.delete(span.key);
  }
  if (missing.size > 0) {
    const brace = json.lastIndexOf(closeBrace);
    let last = brace - 1;
    while (isSpace(json[last])) last -= 1;
    const isEmpty = json[last] === openBrace;
    const added = [...missing].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",");
    parts.push(json.subarray(copied, brace), Buffer.from(isEmpty ? added : `,${added}`));
    copied = brace;
  }
  parts.push(json.subarray(copied));
  return Buffer.concat(parts);
}
