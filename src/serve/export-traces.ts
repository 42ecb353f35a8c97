// Traces as CSV or JSON lines: exactly the filter and the columns asked for, page after page, no faster than the client
// reads. Between two pages nothing of the database is held, so that a slow download blocks nobody.
import type { Caller } from "../config/tenant.js";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { Exchange } from "../listen/exchange.js";
import { type ListValues, listTraces } from "../query/list-traces.js";
import { readParameters } from "../query/read-parameters.js";
import type { Reader } from "../query/reader.js";
import { exportTracesParameters } from "../query/schema/parameters.js";
import type { TraceList } from "../query/schema/trace.js";
import { readListSpan } from "../query/time-span.js";
import { type Column, readColumns, writeCsvHeader, writeCsvRow, writeJsonLine } from "./export-rows.js";
import { ClientLeft, ReplyStream } from "./reply-stream.js";

export type ExportParts = { readonly reader: Reader; readonly now: () => number };

const contentTypes = { csv: "text/csv; charset=utf-8", jsonl: "application/jsonl; charset=utf-8" } as const;

export class ExportSite {
  readonly #parts: ExportParts;
  #running = 0;

  constructor(parts: ExportParts) {
    this.#parts = parts;
  }

  /** @throws LoomError before anything is sent; a fault in the middle breaks the connection */
  async serve(exchange: Exchange, { tenant }: Caller): Promise<void> {
    const { format, columns: names, limit, ...values } = readParameters(exchange.query, exportTracesParameters);
    const columns = readColumns(names);
    if (this.#running >= limits.exportsMax) {
      throw new LoomError("query_busy", {
        message: `At most ${limits.exportsMax} exports run at once. Try again later.`,
      });
    }
    const nowMs = this.#parts.now();
    // Fixed now: what comes in during the export belongs to the next one.
    const span = readListSpan(values, nowMs);
    const { from: _from, to: _to, window: _window, ...filter } = values;
    const fixed = {
      ...filter,
      to: new Date(span.toMs).toISOString(),
      ...(span.fromMs !== null && { from: new Date(span.fromMs).toISOString() }),
    };
    this.#running += 1;
    try {
      const first = await this.#readPage(fixed, tenant.id, undefined);
      const name = `traces-${new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "")}.${format}`;
      const stream = new ReplyStream(exchange.reply, 200, [
        ["content-type", contentTypes[format]],
        ["content-disposition", `attachment; filename="${name}"`],
        ["cache-control", "no-store"],
        ["x-content-type-options", "nosniff"],
      ]);
      await this.#write(stream, first, {
        fixed,
        tenantId: tenant.id,
        columns,
        format,
        rowsMax: Number(limit ?? Infinity),
      });
    } finally {
      this.#running -= 1;
    }
  }

  async #write(
    stream: ReplyStream,
    first: TraceList,
    plan: {
      readonly fixed: ListValues;
      readonly tenantId: string;
      readonly columns: readonly Column[];
      readonly format: "csv" | "jsonl";
      readonly rowsMax: number;
    },
  ): Promise<void> {
    const { columns, format, rowsMax } = plan;
    try {
      if (format === "csv") await stream.write(writeCsvHeader(columns));
      let page = first;
      let rowsLeft = rowsMax;
      for (;;) {
        const rows = page.data.slice(0, rowsLeft);
        rowsLeft -= rows.length;
        const lines = rows.map((row) => (format === "csv" ? writeCsvRow(row, columns) : writeJsonLine(row, columns)));
        if (lines.length > 0) await stream.write(lines.join(""));
        else if (!stream.isOpen) throw new ClientLeft();
        if (page.nextCursor === null || rowsLeft === 0) break;
        page = await this.#readPage(plan.fixed, plan.tenantId, page.nextCursor);
      }
      stream.end();
    } catch (error) {
      // A clean end would make a part look like the whole.
      if (!(error instanceof ClientLeft)) stream.cut();
    }
  }

  #readPage(fixed: ListValues, tenantId: string, cursor: string | undefined): Promise<TraceList> {
    const values = { ...fixed, limit: String(limits.exportPageRows), ...(cursor !== undefined && { cursor }) };
    return this.#parts.reader.read(tenantId, (query) => listTraces(query, values, tenantId, this.#parts.now()));
  }
}
