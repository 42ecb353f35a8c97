// The ledger as lanes write it into a real PostgreSQL: windows in the transaction of their rows, chains that go on
// after crashes and adoption, leaves that the database gives back byte by byte.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LoomEvent } from "../../src/report/events.js";
import { isSignedCheckpoint } from "../../workers/ledger/checkpoint.js";
import { leafOf, splitLeaf } from "../../workers/ledger/leaf.js";
import { merkleRoot } from "../../workers/ledger/merkle.js";
import { openSigner, openVerifier } from "../../workers/ledger/sign.js";
import { type ChainName, hashWindow, type LedgerWindow, noHash } from "../../workers/ledger/window.js";
import { type TraceRow, traceColumns } from "../../workers/persist/trace-row.js";
import { TraceWriter } from "../../workers/persist/writer.js";
import { describeWithDatabase, openTestDatabase, type TestDatabase } from "../support/database.js";
import { rowOf, sealedBodiesOf, sealTestRow, testKeySalt } from "../support/exchanges.js";

const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;
const signer = openSigner(pem);
const verify = openVerifier(signer.publicKey);

type StoredWindow = {
  kind: LedgerWindow["kind"];
  number: number;
  seqs: number[];
  leaves: Buffer;
  low_water: number;
  admitted: number;
  first_ms: number | null;
  last_ms: number | null;
  created_ms: number;
  merkle_root: Buffer;
  prev_hash: Buffer;
  hash: Buffer;
  key_id: string;
  signature: Buffer;
};

describeWithDatabase("the ledger", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let events: LoomEvent[];

  beforeAll(async () => {
    database = await openTestDatabase();
    pool = database.pool(2);
  });
  afterAll(() => database.close());
  beforeEach(() => {
    events = [];
  });

  const chain = (): ChainName => ({ nodeId: "node-1", bootId: randomUUID(), lane: 2 });
  const writerOf = (own: ChainName, isHeld: (seq: number) => boolean = () => false) =>
    new TraceWriter({
      isHeld,
      databaseUrl: database.url,
      lane: own.lane,
      seal: sealTestRow,
      ledger: { signer, own },
      emit: (event) => events.push(event),
    });
  const write = async (own: ChainName, rows: readonly TraceRow[], admitted = 0, isHeld?: (seq: number) => boolean) => {
    const writer = writerOf(own, isHeld);
    for (const row of rows) writer.add(row, sealedBodiesOf(row), testKeySalt);
    writer.noteAdmitted(admitted);
    await writer.drain(5000);
  };
  const windowsOf = async ({ bootId, lane }: ChainName): Promise<StoredWindow[]> =>
    (
      await pool.query(
        `SELECT kind, number::int, seqs::int[], leaves, low_water::int, admitted::int, merkle_root, prev_hash, hash,
           key_id, signature, extract(epoch FROM first_at) * 1000 AS first_ms,
           extract(epoch FROM last_at) * 1000 AS last_ms, extract(epoch FROM created_at) * 1000 AS created_ms
         FROM loom.ledger_windows WHERE boot_id = $1 AND lane = $2 ORDER BY number`,
        [bootId, lane],
      )
    ).rows.map((row) => ({ ...row, first_ms: numberOf(row.first_ms), last_ms: numberOf(row.last_ms) }));
  const numberOf = (text: string | null) => (text === null ? null : Number(text));
  const rowsOf = (own: ChainName, seqs: readonly number[]) => seqs.map((seq) => rowOf({ ...own, seq }));

  it("knows by its last window what had been given, when a dead lane's spool has lost the rest", async () => {
    const own = chain();
    const dead = writerOf(own);
    dead.noteAdmitted(4);
    for (const row of rowsOf(own, [1, 2])) dead.add(row, sealedBodiesOf(row), testKeySalt);
    await expect.poll(() => windowsOf(own)).toHaveLength(1);
    // It adopts a folder in which nothing is left of 3 and 4.
    await write(own, []);
    expect((await windowsOf(own)).map(({ kind, seqs, admitted }) => [kind, seqs, admitted])).toEqual([
      ["rows", [1, 2], 4],
      ["gap", [3, 4], 4],
      ["close", [], 4],
    ]);
    await dead.drain(200);
  });

  it("has a window for every transaction, chained, signed, and true to its rows", async () => {
    const own = chain();
    await write(own, rowsOf(own, [1, 3, 2]), 5, (seq) => seq > 3);
    await write(own, rowsOf(own, [5, 4]), 5);
    const windows = await windowsOf(own);
    expect(
      windows.map(({ kind, number, seqs, low_water, admitted }) => [kind, number, seqs, low_water, admitted]),
    ).toEqual([
      ["rows", 1, [1, 3, 2], 4, 5],
      ["close", 2, [], 4, 5],
      ["rows", 3, [5, 4], 6, 5],
      ["close", 4, [], 6, 5],
    ]);
    let prev: Uint8Array = noHash;
    for (const window of windows) {
      expect(window.prev_hash).toEqual(Buffer.from(prev));
      expect(window.leaves).toHaveLength(window.seqs.length * 32);
      expect(window.merkle_root).toEqual(merkleRoot(window.leaves));
      const hash = hashWindow({
        ...own,
        number: window.number,
        kind: window.kind,
        seqs: window.seqs,
        lowWater: window.low_water,
        admitted: window.admitted,
        firstAtMs: window.first_ms,
        lastAtMs: window.last_ms,
        merkleRoot: window.merkle_root,
        prevHash: prev,
        keyId: window.key_id,
        createdAtMs: Number(window.created_ms),
      });
      expect(window.hash).toEqual(hash);
      expect(verify("window", hash, window.signature)).toBe(true);
      expect(verify("checkpoint", hash, window.signature)).toBe(false);
      prev = hash;
    }
    const keys = await pool.query("SELECT key_id, public_key FROM loom.ledger_keys");
    expect(keys.rows).toEqual([{ key_id: signer.keyId, public_key: signer.publicKey }]);
  });

  it("gives leaves that COPY TO gives back, whatever is in the columns", async () => {
    const own = chain();
    const text = fc.string({ unit: "grapheme", maxLength: 40 }).map((value) => value.replaceAll("\0", ""));
    const number = fc.double({ noNaN: true });
    const seen = fc.sample(
      fc.record({
        requestId: fc.option(text),
        model: fc.option(text),
        latencyMs: number,
        ttfbMs: fc.option(number),
        promptTokens: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
        costUsd: fc.option(
          fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }).map((units) => {
            const digits = units.toString().padStart(11, "0");
            return `${digits.slice(0, -10)}.${digits.slice(-10)}`;
          }),
        ),
        tags: fc.array(text, { maxLength: 5 }),
        streamed: fc.boolean(),
        responseBytes: fc.maxSafeNat(),
      }),
      200,
    );
    await write(
      own,
      seen.map((changed, index) => rowOf({ ...own, ...changed, seq: index + 1 })),
    );
    const rows = await copyRows(own);
    expect(rows).toHaveLength(200);
    const [window] = await windowsOf(own);
    rows.forEach((row, index) => {
      const { covered, stored } = splitLeaf(row);
      expect(Buffer.from(leafOf(covered), "latin1")).toEqual(stored);
      expect(stored).toEqual(window?.leaves.subarray(index * 32, index * 32 + 32));
    });
  });

  it("goes on in the chain of a boot that is gone, and only with what was missing", async () => {
    const [dead, own] = [chain(), chain()];
    const rows = rowsOf(dead, [1, 2, 3]);
    await write(dead, rows.slice(0, 2));
    const doubled = writerOf(own);
    for (const row of [...rows, ...rowsOf(own, [1])]) doubled.add(row, sealedBodiesOf(row), testKeySalt);
    await doubled.drain(5000);
    const seqs = (await windowsOf(dead)).map((window) => [window.kind, window.seqs, window.low_water]);
    expect(seqs).toEqual([
      ["rows", [1, 2], 3],
      ["close", [], 3],
      ["rows", [3], 4],
    ]);
    expect((await windowsOf(own)).map((window) => window.kind)).toEqual(["rows", "close"]);
  });

  it("has a window of its own for a row that is set aside, and one for gaps", async () => {
    const own = chain();
    const writer = writerOf(own);
    const bad = rowOf({ ...own, seq: 2, outcome: "nonsense" as TraceRow["outcome"] });
    for (const row of [...rowsOf(own, [1]), bad, ...rowsOf(own, [3])])
      writer.add(row, sealedBodiesOf(row), testKeySalt);
    writer.addGap({ ...own, seq: 4, id: null, tenantId: null, reason: "no room", createdAtMs: Date.now() });
    await writer.drain(5000);
    const windows = await windowsOf(own);
    expect(windows.map((window) => [window.kind, window.seqs])).toEqual([
      ["rows", [1]],
      ["dead", [2]],
      ["rows", [3]],
      ["gap", [4]],
      ["close", []],
    ]);
    expect(windows.at(-1)?.low_water).toBe(5);
  });

  it("ends with gaps for numbers that were given and of which nothing is left, and with none for what is held", async () => {
    const own = chain();
    await write(own, rowsOf(own, [2, 5]), 7, (seq) => seq === 4);
    const windows = await windowsOf(own);
    expect(windows.map(({ kind, seqs, low_water }) => [kind, seqs, low_water])).toEqual([
      ["rows", [2, 5], 1],
      ["gap", [1, 3, 6, 7], 4],
      ["close", [], 4],
    ]);
    const { rows } = await pool.query("SELECT DISTINCT reason FROM loom.ledger_gaps WHERE boot_id = $1", [own.bootId]);
    expect(rows).toEqual([{ reason: "nothing of it was found when its lane was closed" }]);
  });

  it("makes no gap of a number that has found its place", async () => {
    const own = chain();
    await write(own, rowsOf(own, [1]));
    const writer = writerOf(own);
    for (const seq of [1, 2, 2])
      writer.addGap({ ...own, seq, id: null, tenantId: null, reason: "lane_crashed", createdAtMs: Date.now() });
    await writer.drain(5000);
    expect((await windowsOf(own)).map(({ kind, seqs }) => [kind, seqs])).toEqual([
      ["rows", [1]],
      ["close", []],
      ["gap", [2]],
      ["close", []],
    ]);
  });

  it("leaves signed checkpoints outside the database", async () => {
    const own = chain();
    await write(own, rowsOf(own, [1]));
    const checkpoints = events.flatMap((event) => (event.name === "ledger_checkpoint" ? event : []));
    const last = (await windowsOf(own)).at(-1);
    expect(checkpoints.at(-1)).toMatchObject({ number: 2, hash: last?.hash.toString("hex") });
    expect(checkpoints.every((checkpoint) => isSignedCheckpoint(checkpoint, verify))).toBe(true);
    expect(checkpoints.some((checkpoint) => isSignedCheckpoint({ ...checkpoint, number: 1 }, verify))).toBe(false);
  });

  describe("when two writers meet in one chain", () => {
    it("has no fork and loses no row", async () => {
      const own = chain();
      const writers = [writerOf(own), writerOf(own)];
      for (let seq = 1; seq <= 40; seq += 1) {
        const row = rowOf({ ...own, seq });
        writers[seq % 2]?.add(row, sealedBodiesOf(row), testKeySalt);
        if (seq % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 70));
      }
      await Promise.all(writers.map((writer) => writer.drain(5000)));
      const windows = await windowsOf(own);
      windows.forEach((window, index) => {
        expect(window.number).toBe(index + 1);
        expect(window.prev_hash).toEqual(windows[index - 1]?.hash ?? Buffer.from(noHash));
      });
      expect(windows.at(-1)?.low_water).toBe(41);
    });
  });

  async function copyRows({ bootId, lane }: ChainName): Promise<Buffer[]> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const query = `SELECT ${traceColumns.join(", ")} FROM loom.traces WHERE boot_id = '${bootId}' AND lane = ${lane}`;
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo(`COPY (${query} ORDER BY seq) TO STDOUT (FORMAT binary)`))) {
        chunks.push(chunk as Buffer);
      }
      return splitRows(Buffer.concat(chunks).subarray(19));
    } finally {
      await client.end();
    }
  }

  function splitRows(bytes: Buffer): Buffer[] {
    const rows: Buffer[] = [];
    let at = 0;
    while (bytes.readInt16BE(at) !== -1) {
      const start = at;
      at += 2;
      for (let field = 0; field < traceColumns.length; field += 1) at += 4 + Math.max(0, bytes.readInt32BE(at));
      rows.push(bytes.subarray(start, at));
    }
    return rows;
  }
});
