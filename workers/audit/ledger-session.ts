// Connections that see the database at the same moment: some stream rows side by side, one reads windows in between.
// They change nothing, and take the role of an auditor where the login may.
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { assumeRole, seeAllTenants } from "../../src/postgres/roles.js";
import type { LedgerRow } from "../ledger/ledger-item.js";
import { mergeRows } from "./merge-rows.js";
import { type RowShape, RowSplitter } from "./split-rows.js";

/** How many connections stream rows. */
export const rowReaders = 2;
/** Of the rows that a connection has read and nobody has asked for yet. */
const readAheadBytes = 512 * 1024;

export type LedgerSession = {
  /** Any query; resolves to its rows. */
  read<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * The rows of queries without parameters, as COPY encodes them, in one order by number: of at most `rowReaders`
   * queries, each in that order, no number in two of them. Others may begin when these have ended.
   */
  copy(queries: readonly string[], shape: RowShape): AsyncGenerator<LedgerRow[], void, void>;
  /** The rows of one over the connection of `read`, while a `copy` is under way. */
  copyBeside(query: string, shape: RowShape): AsyncGenerator<LedgerRow[], void, void>;
  close(): Promise<void>;
};

export async function openLedgerSession(databaseUrl: string): Promise<LedgerSession> {
  const open = (applicationName: string) =>
    new pg.Client({ connectionString: databaseUrl, application_name: applicationName });
  const reader = open("loom audit");
  const copiers = Array.from({ length: rowReaders }, () => open("loom audit rows"));
  const clients = [reader, ...copiers];
  // Whoever waits for a query hears it; without a listener it would end the thread.
  for (const client of clients) client.on("error", () => undefined);
  const close = async () => {
    await Promise.allSettled(clients.map((client) => client.end()));
  };
  try {
    await openSnapshot(reader, null);
    const { rows } = await reader.query<{ name: string }>("SELECT pg_export_snapshot() AS name");
    for (const copier of copiers) await openSnapshot(copier, rows[0]?.name ?? "");
  } catch (error) {
    await close();
    throw error;
  }
  return {
    read: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await reader.query<Row>(text, [...values])).rows,
    copy: (queries, shape) =>
      mergeRows(queries.map((query, index) => copyRows(copiers[index] as pg.Client, query, shape))),
    copyBeside: (query, shape) => copyRows(reader, query, shape),
    close,
  };
}

async function openSnapshot(client: pg.Client, snapshot: string | null): Promise<void> {
  await client.connect();
  if (!(await assumeRole(client, "loom_auditor"))) await seeAllTenants(client);
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (snapshot !== null) await client.query(`SET TRANSACTION SNAPSHOT '${snapshot.replaceAll("'", "")}'`);
  // By the index of the chains, in their order: a sort would write every body to a temporary file first.
  await client.query("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off");
  await client.query("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
}

async function* copyRows(client: pg.Client, query: string, shape: RowShape): AsyncGenerator<LedgerRow[], void, void> {
  const splitter = new RowSplitter(shape);
  const stream = client.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT binary)`, { highWaterMark: readAheadBytes }));
  for await (const piece of stream) {
    const rows = splitter.take(piece as Buffer);
    if (rows.length > 0) yield rows;
  }
}
