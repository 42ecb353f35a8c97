// A page of traces, newest first. It never counts, never reads a body, and looks through a bounded number of rows,
// so that a page costs the same at ten traces and at ten million, whatever is filtered for.
import { limits } from "../limits.js";
import { type Cursor, isoOfMicros, readCursor, writeCursor } from "./cursor.js";
import type { Filter, Term } from "./filter.js";
import { filterConditions, Parameters } from "./filter-sql.js";
import { findKeys, isKeyId } from "./find-keys.js";
import { rareCondition } from "./rare-rows.js";
import { readFilterValues } from "./read-parameters.js";
import type { Query } from "./reader.js";
import type { FilterValues } from "./schema/parameters.js";
import type { TraceList } from "./schema/trace.js";
import { isoOf, readListSpan } from "./time-span.js";
import { joinKeys, makeTrace, type TraceRow, traceColumns, traceSelection } from "./trace-columns.js";

export type ListValues = FilterValues & {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly window?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
};

/** Which traces, in the order of the list. */
type Selection = {
  readonly tenantId: string;
  readonly filter: Filter;
  readonly fromMs: number | null;
  readonly toMs: number;
  readonly cursor: Cursor | null;
};

const defaultRows = 100;
const dayMs = 86_400_000;
/** Most pages are filled from here; older partitions are then not even opened. */
const nearDays = 7;
/** Fields whose columns have an index with the time behind them; of few rows, and of many. */
const narrowFields = new Set(["session", "user"]);
const wideFields = new Set(["model", "key"]);

/** @throws LoomError `bad_request` or `invalid_filter` */
function readSelection(values: ListValues, tenantId: string, nowMs: number): Selection {
  const cursor = values.cursor === undefined ? null : readCursor(values.cursor);
  return { tenantId, filter: readFilterValues(values), ...readListSpan(values, nowMs), cursor };
}

/** An exact value in an indexed column. Rows of several keys no index has in order. */
function isIndexed({ field, isNegated, test }: Term, names: ReadonlySet<string>): boolean {
  if (isNegated || !names.has(field.name) || test.kind !== "any") return false;
  const [value] = test.values;
  if (value === undefined || test.values.length > 1 || value.isPrefix) return false;
  return field.name !== "key" || isKeyId(value.text);
}

/** Where the search is: conditions that an index serves, of which a bounded number of rows is looked at. */
function indexConditions(selection: Selection, parameters: Parameters): string[] {
  const { tenantId, filter, fromMs, toMs, cursor } = selection;
  const tenant = `${parameters.add(tenantId)}::uuid`;
  const conditions = [`tenant_id = ${tenant}`, `created_at < ${timeOf(toMs, parameters)}`];
  if (fromMs !== null) conditions.push(`created_at >= ${timeOf(fromMs, parameters)}`);
  if (cursor !== null) {
    const at = microsTime(cursor.micros, parameters);
    conditions.push(
      cursor.id === null ? `created_at < ${at}` : `(created_at, id) < (${at}, ${parameters.add(cursor.id)}::uuid)`,
    );
  }
  // What is looked through are the fewest rows: those of a session, then the rare ones, then those of a model or key.
  const rare = rareCondition(filter);
  const narrow = filter.find((term) => isIndexed(term, narrowFields));
  const indexed = narrow ?? (rare === null ? filter.find((term) => isIndexed(term, wideFields)) : undefined);
  if (indexed !== undefined) {
    conditions.push(...filterConditions([indexed], parameters, tenant, "rows"));
    if (indexed.field.name === "session") conditions.push("session_id IS NOT NULL");
    if (indexed.field.name === "user") conditions.push("end_user IS NOT NULL");
  } else if (rare !== null) conditions.push(rare);
  return conditions;
}

function timeOf(atMs: number, parameters: Parameters): string {
  return microsTime(String(Math.round(atMs * 1000)), parameters);
}

/** Exact to the microsecond: to_timestamp takes a float, which is not. */
function microsTime(micros: string, parameters: Parameters): string {
  return `${parameters.add(isoOfMicros(micros))}::timestamptz`;
}

/** The statement of one page; `rows` null for all of them, as an export wants it. */
function selectTraces(selection: Selection, rows: number | null): { text: string; values: readonly unknown[] } {
  const parameters = new Parameters();
  const conditions = indexConditions(selection, parameters);
  const rest = filterConditions(selection.filter, parameters, "$1::uuid", "rows");
  const order = "ORDER BY created_at DESC, id DESC";
  const scanned = `SELECT ${traceColumns}, node_id FROM loom.traces WHERE ${conditions.join(" AND ")}`;
  const limit = rows === null ? "" : `LIMIT ${rows}`;
  // Without an export's patience, the rows to look through are bounded before the filter is applied.
  const bounded =
    rows === null || rest.length === 0 ? `(${scanned})` : `(${scanned} ${order} LIMIT ${limits.scannedRowsMax})`;
  const where = rest.length === 0 ? "" : `WHERE ${rest.join(" AND ")}`;
  const text = `SELECT ${traceSelection} FROM (SELECT ${traceColumns} FROM ${bounded} s ${where} ${order} ${limit}) t
    ${joinKeys("$1::uuid")} ORDER BY t.created_at DESC, t.id DESC`;
  return { text, values: parameters.values };
}

/** Where the search stopped, when it stopped before the end of what there is. */
async function findStop(query: Query, selection: Selection): Promise<{ micros: string; id: string } | null> {
  const parameters = new Parameters();
  const conditions = indexConditions(selection, parameters);
  const [stop] = await query<{ micros: string; id: string }>(
    `SELECT (extract(epoch FROM created_at) * 1000000)::int8 AS micros, id FROM loom.traces
      WHERE ${conditions.join(" AND ")} ORDER BY created_at DESC, id DESC
      OFFSET ${limits.scannedRowsMax - 1} LIMIT 1`,
    parameters.values,
  );
  return stop ?? null;
}

export async function listTraces(
  query: Query,
  values: ListValues,
  tenantId: string,
  nowMs: number,
): Promise<TraceList> {
  const asked = readSelection(values, tenantId, nowMs);
  const selection = { ...asked, filter: await findKeys(query, asked.filter, tenantId) };
  const limit = values.limit === undefined ? defaultRows : Number(values.limit);
  const startMs = selection.cursor === null ? selection.toMs : Number(selection.cursor.micros) / 1000;
  const nearMs = Math.min(startMs, selection.toMs) - nearDays * dayMs;
  const near = { ...selection, fromMs: Math.max(selection.fromMs ?? nearMs, nearMs) };
  const rows = async (where: Selection) => {
    const { text, values: parameters } = selectTraces(where, limit + 1);
    return query<TraceRow>(text, parameters);
  };
  const isFiltered = selection.filter.length > 0;
  let found = await rows(near);
  let stop = found.length <= limit && isFiltered ? await findStop(query, near) : null;
  if (found.length <= limit && stop === null && near.fromMs !== selection.fromMs) {
    found = await rows(selection);
    if (found.length <= limit && isFiltered) stop = await findStop(query, selection);
  }
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const searchedTo = isoOf(Math.floor(startMs));
  if (found.length > limit && last !== undefined) {
    const searched = { from: isoOfMicros(last.micros), to: searchedTo, isComplete: true };
    return { object: "list", data: page.map(makeTrace), nextCursor: writeCursor(last), searched };
  }
  const from = stop !== null ? isoOfMicros(stop.micros) : selection.fromMs === null ? null : isoOf(selection.fromMs);
  return {
    object: "list",
    data: page.map(makeTrace),
    nextCursor: stop === null ? null : writeCursor(stop),
    searched: { from, to: searchedTo, isComplete: stop === null },
  };
}
