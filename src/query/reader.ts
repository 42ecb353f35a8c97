// How queries reach the database: a small pool of their own, so that requests never wait for one of its connections,
// and transactions that can see one tenant only.
import type pg from "pg";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import { openPool } from "../postgres/connect.js";
import { isTryAgainLater, readSqlState } from "../postgres/sqlstate.js";

export type Query = <Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const cancelled = "57014";
/**
 * Compiling a plan costs more than any of these queries may, and so do workers. The tenant is asked for twice, by the
 * statement and by row security, so the planner expects few rows and would collect and sort them all (a bitmap) where
 * an index has them in order.
 */
const planning =
  "SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_bitmapscan = off; " +
  "SET LOCAL work_mem = '32MB'";

export class Reader {
  readonly #pool: pg.Pool;
  #running = 0;
  readonly #waitingMax: number;
  readonly #timeoutMs: number;

  /** `connections` at once, each statement for `timeoutMs` at most. */
  constructor(
    url: string,
    options: { readonly name: string; readonly connections: number; readonly timeoutMs: number },
  ) {
    this.#pool = openPool({
      url,
      max: options.connections,
      applicationName: options.name,
      role: "loom_reader",
      statementTimeoutMs: options.timeoutMs,
    });
    this.#timeoutMs = options.timeoutMs;
    this.#waitingMax = options.connections + limits.waitingQueriesMax;
  }

  /**
   * Runs `work` in a read-only transaction that sees this tenant's rows only.
   * @throws LoomError `query_busy`, `query_too_slow` or `query_unavailable`
   */
  async read<Answer>(tenantId: string, work: (query: Query) => Promise<Answer>): Promise<Answer> {
    if (!uuidForm.test(tenantId)) throw new Error("a tenant's id is a UUID");
    if (this.#running >= this.#waitingMax) throw new LoomError("query_busy");
    this.#running += 1;
    let client: pg.PoolClient | null = null;
    let fault: Error | undefined;
    try {
      client = await this.#pool.connect();
      const lent = client;
      await lent.query(`BEGIN READ ONLY; SET LOCAL loom.tenant = '${tenantId}'; ${planning}`);
      const answer = await work(async (text, values = []) => (await lent.query(text, [...values])).rows);
      await lent.query("COMMIT");
      return answer;
    } catch (error) {
      await client?.query("ROLLBACK").catch((broken: Error) => {
        fault = broken;
      });
      throw this.#describe(error);
    } finally {
      this.#running -= 1;
      client?.release(fault);
    }
  }

  stop(): Promise<void> {
    return this.#pool.end();
  }

  #describe(error: unknown): unknown {
    if (error instanceof LoomError) return error;
    if (readSqlState(error) === cancelled) {
      const message = `The query took longer than ${this.#timeoutMs / 1000} s. Narrow the time or the filter.`;
      return new LoomError("query_too_slow", { message, cause: error });
    }
    return isTryAgainLater(error) ? new LoomError("query_unavailable", { cause: error }) : error;
  }
}
