// What figures can be grouped by: the SQL of each group's name, and how it reads in a filter.
import { writeTerm } from "./filter.js";

export type Dimension = {
  readonly name: string;
  /** The text of the value, of sums and of rows; null where sums do not know it. */
  readonly ofSums: string | null;
  readonly ofRows: string;
  /** The field of the filter language. */
  readonly field: string;
};

const dimensionList: readonly Dimension[] = [
  { name: "model", ofSums: "nullif(model, '')", ofRows: "model", field: "model" },
  { name: "provider", ofSums: "nullif(provider, '')", ofRows: "provider", field: "provider" },
  { name: "key", ofSums: "api_key_id::text", ofRows: "api_key_id::text", field: "key" },
  { name: "status", ofSums: null, ofRows: "status_code::text", field: "status" },
  { name: "outcome", ofSums: null, ofRows: "outcome", field: "outcome" },
  { name: "endpoint", ofSums: null, ofRows: "endpoint", field: "endpoint" },
  { name: "error", ofSums: null, ofRows: "error_code", field: "error" },
  { name: "session", ofSums: null, ofRows: "session_id", field: "session" },
  { name: "user", ofSums: null, ofRows: "end_user", field: "user" },
  { name: "servedModel", ofSums: null, ofRows: "response_model", field: "served" },
  { name: "finishReason", ofSums: null, ofRows: "finish_reason", field: "finish" },
  // A request with several tags counts in each of them.
  { name: "tag", ofSums: null, ofRows: "unnest(CASE tags WHEN '{}' THEN ARRAY[NULL] ELSE tags END)", field: "tag" },
];

const dimensions: ReadonlyMap<string, Dimension> = new Map(dimensionList.map((one) => [one.name, one]));

export function dimensionOf(name: string): Dimension {
  const found = dimensions.get(name);
  if (found === undefined) throw new Error(`nothing is grouped by ${name}`);
  return found;
}

/** Groups as text that is never NULL: `v` and the value, `n` for no value, `o` for the others, `a` for all. */
export const groupAll = "a";
export const groupOthers = "o";

export function groupSql(value: string): string {
  return `coalesce('v' || ${value}, 'n')`;
}

/** Only the groups of the placeholder `top`; the rest is `o`. */
export function limitedGroupSql(value: string, top: string): string {
  return `CASE WHEN ${groupSql(value)} = ANY (${top}::text[]) THEN ${groupSql(value)} ELSE '${groupOthers}' END`;
}

/** The value of a group; null for no value, for the others and for all. */
export function groupValue(group: string): string | null {
  return group.startsWith("v") ? group.slice(1) : null;
}

/** The filter that shows the requests of a group. */
export function groupFilter({ field }: Dimension, group: string): string {
  const value = groupValue(group);
  return value === null ? `-${field}:*` : writeTerm(field, value);
}
