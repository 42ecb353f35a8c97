// A filter over traces as a list of terms that must all hold, whichever editor it came from: the query bar's text or
// single parameters of a URL. filter-language.ts reads it, filter-sql.ts makes SQL of it.
import { outcomes } from "./schema/trace.js";

/** How the values of a field are written, and which tests it takes. */
export type FieldKind = "text" | "choice" | "number" | "status" | "flag" | "list" | "key";

/** What a bare number of the field means, and which units may follow it: unit -> factor. */
type Units = Readonly<Record<string, number>>;

export type Field = {
  readonly name: string;
  readonly kind: FieldKind;
  /** The column of loom.traces. */
  readonly column: string;
  readonly units?: Units;
  readonly choices?: readonly string[];
  /** The column is NOT NULL. */
  readonly isAlwaysThere?: true;
};

const milliseconds: Units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const counts: Units = { k: 1000, M: 1_000_000 };
const bytes: Units = { B: 1, kB: 1000, KB: 1000, MB: 1_000_000, KiB: 1024, MiB: 1_048_576 };

const fieldList: readonly Field[] = [
  { name: "model", kind: "text", column: "model" },
  { name: "served", kind: "text", column: "response_model" },
  { name: "provider", kind: "text", column: "provider" },
  { name: "endpoint", kind: "text", column: "endpoint", isAlwaysThere: true },
  { name: "status", kind: "status", column: "status_code", isAlwaysThere: true },
  { name: "outcome", kind: "choice", column: "outcome", choices: outcomes, isAlwaysThere: true },
  { name: "error", kind: "text", column: "error_code" },
  { name: "finish", kind: "text", column: "finish_reason" },
  { name: "key", kind: "key", column: "api_key_id", isAlwaysThere: true },
  { name: "session", kind: "text", column: "session_id" },
  { name: "user", kind: "text", column: "end_user" },
  { name: "tag", kind: "list", column: "tags" },
  { name: "id", kind: "text", column: "id::text", isAlwaysThere: true },
  { name: "trace", kind: "text", column: "trace_id", isAlwaysThere: true },
  { name: "request", kind: "text", column: "request_id" },
  { name: "node", kind: "text", column: "node_id", isAlwaysThere: true },
  { name: "usage", kind: "choice", column: "usage_source", choices: ["provider", "estimated", "none"] },
  { name: "streamed", kind: "flag", column: "streamed", isAlwaysThere: true },
  { name: "latency", kind: "number", column: "latency_ms", units: milliseconds, isAlwaysThere: true },
  { name: "ttfb", kind: "number", column: "ttfb_ms", units: milliseconds },
  { name: "overhead", kind: "number", column: "gateway_overhead_ms", units: milliseconds, isAlwaysThere: true },
  { name: "cost", kind: "number", column: "estimated_cost_usd", units: { USD: 1, $: 1 } },
  { name: "tokens", kind: "number", column: "total_tokens", units: counts },
  { name: "prompt", kind: "number", column: "prompt_tokens", units: counts },
  { name: "completion", kind: "number", column: "completion_tokens", units: counts },
  { name: "cached", kind: "number", column: "cached_tokens", units: counts },
  { name: "reasoning", kind: "number", column: "reasoning_tokens", units: counts },
  { name: "attempts", kind: "number", column: "attempts", units: {}, isAlwaysThere: true },
  { name: "requestBytes", kind: "number", column: "request_bytes", units: bytes, isAlwaysThere: true },
  { name: "responseBytes", kind: "number", column: "response_bytes", units: bytes, isAlwaysThere: true },
];

export const fields: ReadonlyMap<string, Field> = new Map(fieldList.map((field) => [field.name, field]));

export type Comparison = ">" | ">=" | "<" | "<=" | "=";

export type Test =
  /** Any of these; a `prefix` is the begin of a value. */
  | { readonly kind: "any"; readonly values: readonly { readonly text: string; readonly isPrefix: boolean }[] }
  /** Any of these ranges of numbers, `low` and `high` inclusive. */
  | { readonly kind: "ranges"; readonly ranges: readonly { readonly low: number; readonly high: number }[] }
  | { readonly kind: "compare"; readonly comparison: Comparison; readonly value: number }
  /** There is a value. */
  | { readonly kind: "present" };

export type Term = {
  readonly field: Field;
  readonly isNegated: boolean;
  readonly test: Test;
};

export type Filter = readonly Term[];

/** The fields that the sums by minute, hour and day know. */
const summedFields = new Set(["model", "provider", "key"]);

/** Whether sums can answer it, or single rows must be read. */
export function isSummable(filter: Filter): boolean {
  return filter.every(({ field }) => summedFields.has(field.name));
}

const plainValue = /^[^\s",*]+$/;

/** One term as text, as the language takes it. */
export function writeTerm(name: string, value: string): string {
  return `${name}:${plainValue.test(value) && !/^[<>=]/.test(value) ? value : JSON.stringify(value)}`;
}
