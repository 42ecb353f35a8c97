// What an attacker with all rights on the database may do to the ledger, one thing after the other, and the name that
// the verification gives it.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loomItself, recordAuditEvent } from "../../src/administer/audit-events.js";
import { createTenant } from "../../src/administer/tenants.js";
import type { LoomEvent } from "../../src/report/events.js";
import { exportLedger, reportLedger, verifyBundle, verifyLedger } from "../../workers/audit.js";
import { openSigner } from "../../workers/ledger/sign.js";
import type { ChainName } from "../../workers/ledger/window.js";
import { sealAuditEvents } from "../../workers/persist/seal-audit-events.js";
import type { TraceRow } from "../../workers/persist/trace-row.js";
import { TraceWriter } from "../../workers/persist/writer.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../support/exchanges.js";

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    ledgerKey: privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    publicPem: publicKey.export({ format: "pem", type: "spki" }) as string,
  };
}

const { ledgerKey, publicPem } = keyPair();
const signer = openSigner(ledgerKey);
const rowsPerWindow = 10;

describeWithDatabase("loom audit verify", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let folder: string;
  let own: ChainName;
  let tenants: string[];
  let checkpoints: string[];

  beforeEach(async () => {
    database = await openTestDatabase();
    pool = database.pool(2);
    folder = mkdtempSync(join(tmpdir(), "loom-audit-"));
    writeFileSync(join(folder, "ledger-key.pub"), publicPem);
    own = { nodeId: "node-1", bootId: randomUUID(), lane: 0 };
    checkpoints = [];
    tenants = [];
    for (const name of ["acme", "umbrella"]) tenants.push((await createTenant(pool, name)).id);
    await writeRows(1, 30);
    const sealed = await sealAuditEvents({ databaseUrl: database.url, ledgerKey, nodeId: "node-1" });
    checkpoints.push(JSON.stringify(sealed));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await database.close();
  });

  /** Windows of ten rows, and the checkpoint after the last. Number 7 of each thirty ends last. */
  async function writeRows(from: number, count: number, changed: (seq: number) => Partial<TraceRow> = () => ({})) {
    const events: LoomEvent[] = [];
    const emit = (event: LoomEvent) => events.push(event);
    const ledger = { signer, own };
    const seqs = Array.from({ length: count }, (_, index) => from + index);
    const late = from + 6;
    const order = [...seqs.filter((seq) => seq !== late), late];
    for (let at = 0; at < order.length; at += rowsPerWindow) {
      // What comes later is in the spool meanwhile: no writer may make a gap of it.
      const isHeld = () => true;
      const writer = new TraceWriter({ databaseUrl: database.url, lane: 0, seal: sealTestRow, ledger, emit, isHeld });
      for (const seq of order.slice(at, at + rowsPerWindow)) {
        const row = rowOf({ ...own, tenantId: tenants[0] ?? "", seq, ...changed(seq) });
        writer.add(row, sealedBodiesOf(row), testKeySalt);
      }
      await writer.drain(5000);
    }
    for (const event of events) {
      if (event.name === "ledger_checkpoint") checkpoints.push(JSON.stringify({ level: "info", ...event }));
      else expect(event.name).toMatch(/^(traces_recorded|trace_dead|batch_split)$/);
    }
  }

  /** As a superuser who turns off what is in the way. */
  async function tamper(...statements: string[]) {
    const client = await pool.connect();
    try {
      await client.query("SET session_replication_role = replica");
      for (const statement of statements) await client.query(statement);
      await client.query("RESET session_replication_role");
    } finally {
      client.release();
    }
  }

  function trusted({ keys = true, checkpointLines = checkpoints } = {}) {
    const file = join(folder, "checkpoints.jsonl");
    writeFileSync(file, `${checkpointLines.join("\n")}\n`);
    return {
      keyFiles: keys ? [join(folder, "ledger-key.pub")] : [],
      checkpointFiles: [file],
      progress: new SharedArrayBuffer(16),
    };
  }

  async function verify(more: { sinceMs?: number; tenant?: string } & Parameters<typeof trusted>[0] = {}) {
    return verifyLedger({ databaseUrl: database.url, tenant: null, sinceMs: null, ...more, ...trusted(more) });
  }

  const seq = (number: number) => `boot_id = '${own.bootId}' AND seq = ${number}`;

  describe("of a ledger that nobody touched", () => {
    it("says that it is whole, with what it has seen", async () => {
      await writeRows(31, 10, (number) => (number === 33 ? { outcome: "nonsense" as TraceRow["outcome"] } : {}));
      const result = await verify();
      expect(result).toMatchObject({ state: "whole", findings: [], reasons: [], chains: 1, rows: 39, dead: 1 });
      expect(result).toMatchObject({ auditEvents: 2, unsealedEvents: 0, open: 0, keyIds: [signer.keyId] });
      expect(result.checkpoints).toBeGreaterThan(0);
    });

    it("says so of a later part of it, and of a single tenant", async () => {
      const { rows } = await pool.query(
        "SELECT extract(epoch FROM created_at) * 1000 AS ms FROM loom.ledger_windows WHERE number = 3",
      );
      const result = await verify({ sinceMs: Number(rows[0].ms) });
      expect(result).toMatchObject({ state: "whole", rows: 20 });
      expect(await verify({ tenant: "umbrella" })).toMatchObject({ state: "whole", rows: 30 });
    });

    it("says so after the keys of a tenant were erased", async () => {
      await pool.query("UPDATE loom.tenants SET key_salt = NULL");
      expect(await verify()).toMatchObject({ state: "whole", rows: 30 });
    });

    it("says so of rows from before `detail` beside those since", async () => {
      await writeRows(31, 20, (number) => ({ detail: number % 2 === 0 ? null : '{"attempts": [],  "a":"\\u0000é"}' }));
      const { rows } = await pool.query("SELECT count(*)::int AS n FROM loom.traces WHERE detail IS NULL");
      expect(rows[0].n).toBe(10);
      expect(await verify()).toMatchObject({ state: "whole", rows: 50, findings: [] });
      expect(await verify({ tenant: "acme" })).toMatchObject({ state: "whole", rows: 50 });
      const file = join(folder, "mixed.jsonl");
      await exportLedger({ databaseUrl: database.url, file, sinceMs: null, untilMs: null });
      expect(await verifyBundle({ file, ...trusted() })).toMatchObject({ state: "whole", rows: 50 });
    });

    it("cannot tell without a trusted key, or without the database", async () => {
      expect(await verify({ keys: false })).toMatchObject({ state: "unclear", findings: [] });
      const away = { databaseUrl: "postgres://127.0.0.1:1/none", tenant: null, sinceMs: null, ...trusted() };
      await expect(verifyLedger(away)).rejects.toThrow(/ECONNREFUSED/);
    });
  });

  describe("finds and names", () => {
    const expectFinding = async (kind: string, place: object, more: Parameters<typeof verify>[0] = {}) => {
      const result = await verify(more);
      expect(result.state).toBe("broken");
      expect(result.findings[0]).toMatchObject({ kind, ...place });
    };

    it("a row that was edited, its own leaf as well", async () => {
      await tamper(`UPDATE loom.traces SET model = 'gpt-9', leaf_hash = sha256('it') WHERE ${seq(12)}`);
      await expectFinding("row_altered", { seq: 12, tenantId: tenants[0] });
      const { findings, findingsCount } = await verify({ tenant: "acme" });
      expect([findings[0]?.kind, findingsCount]).toEqual(["row_altered", 1]);
    });

    it("a body that was edited", async () => {
      await tamper(`UPDATE loom.traces SET response_body = '\\x00' WHERE ${seq(7)}`);
      await expectFinding("row_altered", { seq: 7 });
    });

    it("a detail that was edited, even in a space, taken away, or given to a row from before it", async () => {
      await writeRows(31, 10, () => ({ detail: null }));
      const before = (await pool.query(`SELECT detail::text AS text FROM loom.traces WHERE ${seq(12)}`)).rows[0].text;
      const put = (number: number, detail: string | null) =>
        tamper(`UPDATE loom.traces SET detail = ${detail === null ? "NULL" : `'${detail}'`} WHERE ${seq(number)}`);
      for (const [number, changed, back] of [
        [12, `${before} `, before],
        [12, "{}", before],
        [12, null, before],
        [33, "{}", null],
      ] as const) {
        await put(number, changed);
        await expectFinding("row_altered", { seq: number });
        await put(number, back);
        expect((await verify()).state).toBe("whole");
      }
    });

    it("a row that was deleted", async () => {
      await tamper(`DELETE FROM loom.traces WHERE ${seq(12)}`);
      await expectFinding("row_missing", { seq: 12, number: 3 });
    });

    it("a row that was inserted, among others and after all", async () => {
      await tamper(copyOf(12, "seq = 300, id = gen_random_uuid()"));
      await expectFinding("row_inserted", { seq: 300 });
    });

    it("a row that was doubled", async () => {
      await tamper(copyOf(12, "id = gen_random_uuid()"));
      await expectFinding("row_doubled", { seq: 12 });
    });

    it("rows that were put in another order", async () => {
      await tamper(
        `UPDATE loom.traces SET seq = -1 WHERE ${seq(12)}`,
        `UPDATE loom.traces SET seq = 12 WHERE ${seq(13)}`,
        `UPDATE loom.traces SET seq = 13 WHERE ${seq(-1)}`,
      );
      await expectFinding("row_reordered", { seq: 12 });
    });

    it("a row that was moved to another tenant", async () => {
      await tamper(`UPDATE loom.traces SET tenant_id = '${tenants[1]}' WHERE ${seq(12)}`);
      const { findings } = await verify();
      expect(findings[0]).toMatchObject({ kind: "row_moved", seq: 12, tenantId: tenants[1] });
      expect(findings[0]?.message).toContain(`was the tenant ${tenants[0]}'s`);
    });

    it("a window that was edited", async () => {
      await tamper(`UPDATE loom.ledger_windows SET admitted = admitted + 1 WHERE number = 3`);
      await expectFinding("window_altered", { number: 3 });
    });

    it("a window that was deleted", async () => {
      await tamper("DELETE FROM loom.ledger_windows WHERE number = 3");
      await expectFinding("window_missing", { number: 3 });
    });

    it("an end that was cut off, rows and windows, by a checkpoint", async () => {
      await tamper(
        "DELETE FROM loom.ledger_windows WHERE number >= 5",
        "DELETE FROM loom.traces WHERE seq >= 22 OR seq = 7",
      );
      await expectFinding("rolled_back", { number: 6 });
      // Without what was kept outside, nothing is left that could tell.
      expect(await verify({ checkpointLines: [] })).toMatchObject({ state: "whole" });
    });

    it("a chain that is gone as a whole", async () => {
      await tamper("DELETE FROM loom.ledger_windows", "DELETE FROM loom.traces");
      await expectFinding("rolled_back", { chain: `node-1/${own.bootId}/0` });
    });

    it("a window whose row, hash and signature were made anew with another key", async () => {
      const other = openSigner(keyPair().ledgerKey);
      const { rows } = await pool.query("SELECT hash FROM loom.ledger_windows WHERE number = 6");
      const forged = other.sign("window", rows[0].hash).toString("hex");
      await tamper(
        `INSERT INTO loom.ledger_keys (key_id, public_key, node_id) VALUES ('${other.keyId}', '\\x${other.publicKey.toString("hex")}', 'x')`,
        `UPDATE loom.ledger_windows SET signature = '\\x${forged}', key_id = '${other.keyId}' WHERE number = 6`,
      );
      await expectFinding("window_altered", { number: 6 });
      const result = await verify();
      expect(result.findings.map(({ kind }) => kind)).toContain("key_untrusted");
      await tamper(`UPDATE loom.ledger_windows SET key_id = '${signer.keyId}' WHERE number = 6`);
      await expectFinding("signature_wrong", { number: 6 });
    });

    it("a partition that was dropped without a record of it, and accepts one with a record", async () => {
      const { rows } = await pool.query("SELECT DISTINCT tableoid::regclass::text AS name FROM loom.traces");
      const name = rows[0].name as string;
      await tamper(`DROP TABLE ${name}`);
      await expectFinding("row_missing", { seq: 1 });
      const month = /(\d{4})_(\d{2})$/.exec(name) as RegExpExecArray;
      const from = new Date(Date.UTC(Number(month[1]), Number(month[2]) - 1));
      const to = new Date(Date.UTC(Number(month[1]), Number(month[2])));
      const event = { ...loomItself, action: "retention.drop", tenantId: null, subject: name };
      await recordAuditEvent(pool, { ...event, details: { from, to, rows: 29 } });
      expect((await verify()).findings).toMatchObject([{ kind: "row_missing", seq: 7 }]);
      await recordAuditEvent(pool, { ...event, details: { from, to, rows: 1 } });
      expect(await verify()).toMatchObject({ state: "whole", rows: 0, gone: 30, unsealedEvents: 2 });
    });

    it("a database that was set back and went on, and checkpoints that go back or are not ours", async () => {
      const early = checkpoints.find((line) => line.includes('"number":2,')) ?? "";
      await expectFinding("rolled_back", { number: 2 }, { checkpointLines: [...checkpoints, early] });
      const forged = JSON.stringify({ ...JSON.parse(early), number: 99 });
      await expectFinding("checkpoint_invalid", { number: 99 }, { checkpointLines: [forged] });
      await tamper(
        "DELETE FROM loom.ledger_windows WHERE number >= 5",
        "DELETE FROM loom.traces WHERE seq >= 22 OR seq = 7",
      );
      const before = [...checkpoints];
      await writeRows(22, 9);
      await expectFinding("rolled_back", { number: 6 }, { checkpointLines: before });
    });

    it("an audit event that was edited, deleted, or cut off behind a seal", async () => {
      await tamper("UPDATE loom.audit_events SET actor = 'nobody' WHERE number = 1");
      await expectFinding("audit_event_altered", { number: 1 });
      await tamper("DELETE FROM loom.audit_events WHERE number = 1");
      await expectFinding("audit_event_missing", { number: 1 });
      await tamper("DELETE FROM loom.audit_events");
      await expectFinding("audit_event_missing", { number: 1 }, { checkpointLines: [] });
    });

    it("a row set aside that was edited or deleted, and a gap that was deleted", async () => {
      await writeRows(31, 10, (number) => (number === 33 ? { outcome: "nonsense" as TraceRow["outcome"] } : {}));
      await tamper("UPDATE loom.dead_traces SET reason = 'none'");
      await expectFinding("row_altered", { seq: 33 });
      await tamper("DELETE FROM loom.dead_traces");
      await expectFinding("row_missing", { seq: 33 });
    });
  });

  describe("of a bundle", () => {
    const bundle = () => join(folder, "ledger.jsonl");
    const exportAll = (part: { sinceMs?: number; untilMs?: number } = {}) =>
      exportLedger({ databaseUrl: database.url, file: bundle(), sinceMs: null, untilMs: null, ...part });

    it("needs no database, and finds what was changed in it", async () => {
      await exportAll();
      const check = () => verifyBundle({ file: bundle(), ...trusted() });
      expect(await check()).toMatchObject({ state: "whole", rows: 30, auditEvents: 2 });
      const text = readFileSync(bundle(), "utf8");
      const lines = text.split("\n");
      writeFileSync(bundle(), lines.slice(0, -2).join("\n"));
      expect(await check()).toMatchObject({ state: "unclear" });
      writeFileSync(bundle(), text.replace('"admitted":', '"admitted":1'));
      expect(await check()).toMatchObject({ state: "broken" });
      writeFileSync(bundle(), lines.map((line) => (line.includes('"type":"rows"') ? alterRow(line) : line)).join("\n"));
      expect((await check()).findings[0]).toMatchObject({ kind: "row_altered", seq: 1 });
    });

    it("may end before the ledger does", async () => {
      const { rows } = await pool.query(
        "SELECT extract(epoch FROM created_at) * 1000 AS ms FROM loom.ledger_windows WHERE number = 4",
      );
      await exportAll({ untilMs: Number(rows[0].ms) });
      expect(await verifyBundle({ file: bundle(), ...trusted() })).toMatchObject({ state: "whole", rows: 20 });
    });

    function alterRow(line: string): string {
      const item = JSON.parse(line);
      const bytes = Buffer.from(item.rows[0].covered.b64, "base64");
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      item.rows[0].covered.b64 = bytes.toString("base64");
      return JSON.stringify(item);
    }
  });

  it("reports what was admitted and what became of it", async () => {
    await writeRows(31, 10, (number) => {
      if (number === 33) return { outcome: "nonsense" as TraceRow["outcome"] };
      return number === 34 ? { outcome: "interrupted" } : {};
    });
    const report = await reportLedger({ databaseUrl: database.url, sinceMs: null });
    expect(report.total).toEqual({ admitted: 40, recorded: 39, interrupted: 1, dead: 1, gaps: 0 });
    expect(report.open).toBe(0);
    expect(report.days.reduce((sum, day) => sum + day.admitted, 0)).toBe(40);
  });

  function copyOf(number: number, changed: string): string {
    return `DO $$ BEGIN
      CREATE TEMP TABLE forged AS SELECT * FROM loom.traces WHERE ${seq(number)};
      UPDATE forged SET ${changed};
      INSERT INTO loom.traces SELECT * FROM forged;
      DROP TABLE forged;
    END $$`;
  }
});
