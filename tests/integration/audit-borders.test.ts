// A long chain is read by several connections, runs of numbers by turns. What is done to the rows on both sides of where
// one connection ends and the other goes on is found there, once, and by the name that it has anywhere else.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTenant } from "../../src/administer/tenants.js";
import { verifyLedger } from "../../workers/audit.js";
import { openSigner } from "../../workers/ledger/sign.js";
import type { TraceRow } from "../../workers/persist/trace-row.js";
import { TraceWriter } from "../../workers/persist/writer.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../support/exchanges.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const signer = openSigner(privateKey.export({ format: "pem", type: "pkcs8" }) as string);
const own = { nodeId: "node-1", bootId: randomUUID(), lane: 0 };
/** More than are read over one connection, in more windows than are read at once. */
const rowsCount = 720;
const rowsPerWindow = 18;
const deadSeq = 640;
/** The first of the second connection, the last of it, the first of the first one again; ends of the chain. */
const borders = [1, 15, 16, 31, 32, 159, 160, 719];

describeWithDatabase("loom audit verify of a chain that several connections read", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let folder: string;
  let tenants: string[];

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool(2);
    folder = mkdtempSync(join(tmpdir(), "loom-audit-"));
    writeFileSync(join(folder, "key.pub"), publicKey.export({ format: "pem", type: "spki" }));
    tenants = [];
    for (const name of ["acme", "umbrella"]) tenants.push((await createTenant(pool, name)).id);
    for (let from = 1; from <= rowsCount; from += rowsPerWindow) await writeRows(from);
    await pool.query("CREATE TABLE public.kept AS SELECT * FROM loom.traces");
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await database.close();
  });

  async function writeRows(from: number) {
    const writer = new TraceWriter({
      databaseUrl: database.url,
      lane: 0,
      seal: sealTestRow,
      ledger: { signer, own },
      emit: () => undefined,
      isHeld: () => true,
    });
    for (let seq = from; seq < from + rowsPerWindow; seq += 1) {
      const outcome = seq === deadSeq ? ("nonsense" as TraceRow["outcome"]) : "complete";
      const row = rowOf({ ...own, tenantId: tenants[0] ?? "", seq, outcome });
      // Now and then larger than a piece of the stream.
      writer.add(row, sealedBodiesOf(row, "ask", "x".repeat(seq % 37 === 0 ? 90_000 : 20)), testKeySalt);
    }
    await writer.drain(5000);
  }

  /** What is found after the statements; everything is put back then. */
  async function findAfter(...statements: string[]) {
    const client = await pool.connect();
    try {
      await client.query("SET session_replication_role = replica");
      for (const statement of statements) await client.query(statement);
      const result = await verify();
      await client.query("DELETE FROM loom.traces; INSERT INTO loom.traces SELECT * FROM public.kept");
      expect(result.findingsCount).toBe(result.findings.length);
      return result.findings.map(({ kind, seq }) => [kind, seq]);
    } finally {
      await client.query("RESET session_replication_role");
      client.release();
    }
  }

  function verify() {
    return verifyLedger({
      databaseUrl: database.url,
      tenant: null,
      sinceMs: null,
      keyFiles: [join(folder, "key.pub")],
      checkpointFiles: [],
      progress: new SharedArrayBuffer(16),
    });
  }

  const at = (seq: number) => `boot_id = '${own.bootId}' AND seq = ${seq}`;
  const copyOf = (seq: number, changed: string) =>
    `DO $$ BEGIN
      CREATE TEMP TABLE forged AS SELECT * FROM loom.traces WHERE ${at(seq)};
      UPDATE forged SET ${changed};
      INSERT INTO loom.traces SELECT * FROM forged;
      DROP TABLE forged;
    END $$`;

  it("says that it is whole while nobody has touched it", async () => {
    const result = await verify();
    expect(result).toMatchObject({ state: "whole", findings: [], rows: rowsCount - 1, dead: 1, open: 0 });
  });

  describe.each(borders)("names at the number %i", (seq) => {
    it("a row that is missing", async () => {
      expect(await findAfter(`DELETE FROM loom.traces WHERE ${at(seq)}`)).toEqual([["row_missing", seq]]);
    });

    it("a row that is doubled", async () => {
      expect(await findAfter(copyOf(seq, "id = gen_random_uuid()"))).toEqual([["row_doubled", seq]]);
    });

    it("two rows that changed places across the border", async () => {
      const found = await findAfter(
        `UPDATE loom.traces SET seq = -1 WHERE ${at(seq)}`,
        `UPDATE loom.traces SET seq = ${seq} WHERE ${at(seq + 1)}`,
        `UPDATE loom.traces SET seq = ${seq + 1} WHERE ${at(-1)}`,
      );
      expect(found).toEqual([
        ["row_reordered", seq],
        ["row_reordered", seq + 1],
      ]);
    });

    it("a row that was edited, and one of another tenant", async () => {
      const edited = `UPDATE loom.traces SET model = 'gpt-9' WHERE ${at(seq)}`;
      expect(await findAfter(edited)).toEqual([["row_altered", seq]]);
      const moved = `UPDATE loom.traces SET tenant_id = '${tenants[1]}' WHERE ${at(seq)}`;
      expect(await findAfter(moved)).toEqual([["row_moved", seq]]);
    });
  });

  it("names a row that was put in behind all others, and rows that are missing on both sides of a border", async () => {
    for (const beyond of [rowsCount + 1, 5000, 5016]) {
      const found = await findAfter(copyOf(12, `seq = ${beyond}, id = gen_random_uuid()`));
      expect(found).toEqual([["row_inserted", beyond]]);
    }
    const both = await findAfter(`DELETE FROM loom.traces WHERE seq IN (31, 32)`);
    expect(both).toEqual([
      ["row_missing", 31],
      ["row_missing", 32],
    ]);
  });
});
