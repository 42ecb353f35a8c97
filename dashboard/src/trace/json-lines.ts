// Lays a JSON text out in lines that fold: one line a value, an opening or a closing bracket. Runs in a worker for large
// texts, so that typing and scrolling go on.

export type JsonLine = {
  readonly depth: number;
  /** Of an object's entry. */
  readonly key: string | null;
  readonly kind: "open" | "close" | "string" | "number" | "word";
  readonly text: string;
  /** Of an opening line: the index of its closing line, and how many entries lie between. */
  readonly closeAt: number;
  readonly entries: number;
};

export type JsonLayout =
  | { readonly kind: "lines"; readonly lines: readonly JsonLine[] }
  /** No JSON: as it is. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "too-large"; readonly text: string; readonly characters: number };

export const charactersMax = 2_000_000;
export const linesMax = 60_000;
const previewCharacters = 65_536;

export function layOutJson(text: string): JsonLayout {
  const tooLarge: JsonLayout = { kind: "too-large", text: text.slice(0, previewCharacters), characters: text.length };
  if (text.length > charactersMax) return tooLarge;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "text", text };
  }
  const lines: JsonLine[] = [];
  return addLines(lines, value, null, 0) ? { kind: "lines", lines } : tooLarge;
}

/** False once there are too many. */
function addLines(lines: JsonLine[], value: unknown, key: string | null, depth: number): boolean {
  if (lines.length > linesMax) return false;
  const leaf = (kind: JsonLine["kind"], text: string): boolean => {
    lines.push({ depth, key, kind, text, closeAt: -1, entries: 0 });
    return true;
  };
  if (typeof value === "string") return leaf("string", value);
  if (typeof value === "number") return leaf("number", String(value));
  if (value === null || typeof value !== "object") return leaf("word", String(value));
  const isList = Array.isArray(value);
  const entries: readonly (readonly [string | null, unknown])[] = isList
    ? value.map((one) => [null, one] as const)
    : Object.entries(value);
  if (entries.length === 0) return leaf("word", isList ? "[]" : "{}");
  const openAt = lines.length;
  lines.push({ depth, key, kind: "open", text: isList ? "[" : "{", closeAt: -1, entries: entries.length });
  for (const [name, one] of entries) if (!addLines(lines, one, name, depth + 1)) return false;
  const opened = lines[openAt];
  if (opened !== undefined) lines[openAt] = { ...opened, closeAt: lines.length };
  lines.push({ depth, key: null, kind: "close", text: isList ? "]" : "}", closeAt: -1, entries: 0 });
  return true;
}

/** The indexes of the lines that are in sight when the lines in `folded` hide what lies inside them. */
export function visibleLines(lines: readonly JsonLine[], folded: ReadonlySet<number>): number[] {
  const visible: number[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    visible.push(at);
    const line = lines[at];
    if (line !== undefined && folded.has(at) && line.closeAt > at) at = line.closeAt;
  }
  return visible;
}
