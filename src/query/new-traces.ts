// What has been recorded since the last look, for a live tail. By the time of recording, since exchanges end in another
// order than they began; with an overlap, since transactions become visible in another order than they began too.
import { limits } from "../limits.js";
import type { Filter } from "./filter.js";
import { filterConditions, Parameters } from "./filter-sql.js";
import type { Query } from "./reader.js";
import type { Trace } from "./schema/trace.js";
import { joinKeys, makeTrace, type TraceRow, traceColumns, traceSelection } from "./trace-columns.js";

const overlapMs = 3000;
/** An exchange that took longer than this is not shown live; partitions before it are not opened. */
const longestExchange = "2 days";

type FoundTrace = { readonly id: string; readonly created: string };

export type NewTraces = { readonly data: readonly Trace[]; readonly leftOut: number };

/** Remembers what was seen, so that the overlap shows nothing twice. Times are the database's own. */
export class NewTraceReader {
  readonly #tenantId: string;
  readonly #filter: Filter;
  /** Id -> when it was seen, unix ms of this process. */
  readonly #seen = new Map<string, number>();
  #since: string | null = null;

  constructor(tenantId: string, filter: Filter) {
    this.#tenantId = tenantId;
    this.#filter = filter;
  }

  /** What is visible now is old from now on. Before the first `read`. */
  async start(query: Query, nowMs: number): Promise<void> {
    await this.#findFresh(query, nowMs);
  }

  /** The newest `rowsMax` that match, oldest first; the rest is counted. */
  async read(query: Query, nowMs: number, rowsMax: number): Promise<NewTraces> {
    const fresh = await this.#findFresh(query, nowMs);
    const data = await this.#readRows(query, fresh.slice(0, rowsMax));
    return { data, leftOut: fresh.length - data.length };
  }

  async #findFresh(query: Query, nowMs: number): Promise<FoundTrace[]> {
    const parameters = new Parameters();
    const tenant = `${parameters.add(this.#tenantId)}::uuid`;
    const since = `coalesce(${parameters.add(this.#since)}::timestamptz, now()) - interval '${overlapMs} milliseconds'`;
    const conditions = filterConditions(this.#filter, parameters, tenant, "rows");
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const [clock] = await query<{ now: string }>("SELECT now()::text AS now");
    const matched = await query<FoundTrace>(
      `SELECT id, created_at::text AS created FROM (
         SELECT ${traceColumns}, node_id FROM loom.traces
         WHERE tenant_id = ${tenant} AND recorded_at > ${since} AND created_at > now() - interval '${longestExchange}'
         ORDER BY recorded_at DESC LIMIT ${limits.liveScannedRowsMax}) recent ${where}
       ORDER BY recorded_at DESC, id DESC`,
      parameters.values,
    );
    const fresh = matched.filter(({ id }) => !this.#seen.has(id));
    for (const { id } of fresh) this.#seen.set(id, nowMs);
    for (const [id, seenMs] of this.#seen) if (seenMs < nowMs - 3 * overlapMs) this.#seen.delete(id);
    this.#since = clock?.now ?? this.#since;
    return fresh;
  }

  async #readRows(query: Query, wanted: readonly FoundTrace[]): Promise<Trace[]> {
    if (wanted.length === 0) return [];
    const rows = await query<TraceRow>(
      `SELECT ${traceSelection} FROM (SELECT ${traceColumns} FROM loom.traces
         WHERE tenant_id = $1 AND created_at = ANY ($2::timestamptz[]) AND id = ANY ($3::uuid[])) t
       ${joinKeys("$1::uuid")} ORDER BY t.recorded_at, t.created_at, t.id`,
      [this.#tenantId, wanted.map(({ created }) => created), wanted.map(({ id }) => id)],
    );
    return rows.map(makeTrace);
  }
}
