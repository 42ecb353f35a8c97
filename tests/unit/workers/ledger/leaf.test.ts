import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { leafOf, splitLeaf, withoutDetail } from "../../../../workers/ledger/leaf.js";
import { BinaryCopy } from "../../../../workers/persist/binary-copy.js";
import { traceColumns, writeTraceRow } from "../../../../workers/persist/trace-row.js";
import { rowOf } from "../../../support/exchanges.js";

const bodies = {
  codec: "identity" as const,
  keyVersion: 1,
  request: { iv: Buffer.alloc(12, 1), sealed: Buffer.from("sealed request") },
  response: { iv: Buffer.alloc(12, 2), sealed: Buffer.from("sealed response") },
};
/** Every column has a value of its own. */
const row = rowOf({ id: "0190a1b2-0000-7000-8000-00000000000d", createdAtMs: 1_800_000_000_000.125, seq: 42 });

/** They must never change, or what was signed says something else: that of a row from before `detail`, and of one since. */
const goldenLeafBefore = "e89518a7c21245a6edaa91130068292fd381c48b52a24f7143f43cbc5db51d26";
const goldenLeaf = "9ded8d7f7dfe9c2b19a1e8cdfd4f7d5959298614f69f6343ae72d2925f54da20";

describe("the leaf of a row", () => {
  it("is what it always was", () => {
    const leafHex = (detail: string | null) =>
      Buffer.from(writeTraceRow(new BinaryCopy(64), { ...row, detail }, bodies), "latin1").toString("hex");
    expect(leafHex(null)).toBe(goldenLeafBefore);
    expect(leafHex(row.detail)).toBe(goldenLeaf);
  });

  it("of a row from before `detail` leaves that column out, whatever form it comes in", () => {
    const out = new BinaryCopy(64);
    const leaf = writeTraceRow(out, { ...row, detail: null }, bodies);
    const encoded = Buffer.from(out.view(0, out.length));
    const { covered, stored } = splitLeaf(encoded);
    expect([covered[0], covered[1]]).toEqual([0, traceColumns.length - 1]);
    expect(encoded.length - covered.length).toBe(4 + 4 + 32);
    expect(stored?.toString("latin1")).toBe(leaf);
    expect(leafOf(covered)).toBe(leaf);
    // As the former version wrote it.
    const former = Buffer.concat([covered, encoded.subarray(-36)]);
    expect(withoutDetail(former)).toEqual(encoded);
  });

  it("is another one when a detail is put in, changed or taken away", () => {
    const leaves = [null, "{}", '{"attempts":[]}', row.detail].map((detail) =>
      writeTraceRow(new BinaryCopy(64), { ...row, detail }, bodies),
    );
    expect(new Set(leaves).size).toBe(4);
  });

  it("is SHA-256 over 0x00, the number of columns and every column but its own", () => {
    const out = new BinaryCopy(64);
    const leaf = writeTraceRow(out, row, bodies);
    const encoded = Buffer.from(out.view(0, out.length));
    expect([encoded[0], encoded[1]]).toEqual([0, traceColumns.length]);
    const { covered, stored } = splitLeaf(encoded);
    expect(stored?.toString("latin1")).toBe(leaf);
    expect(createHash("sha256").update(covered).digest().toString("latin1")).toBe(leaf);
    expect(covered.length + 4 + 32).toBe(encoded.length);
  });

  it("is another one for every other bit", () => {
    const out = new BinaryCopy(64);
    const leaf = writeTraceRow(out, row, bodies);
    const { covered } = splitLeaf(Buffer.from(out.view(0, out.length)));
    for (let at = 1; at < covered.length; at += 1) {
      const changed = Buffer.from(covered);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(leafOf(changed)).not.toBe(leaf);
    }
  });

  it("is none of what is no row", () => {
    expect(() => leafOf(Buffer.of(1, 2))).toThrow(/not a row/);
    expect(splitLeaf(Buffer.concat([Buffer.alloc(60), Buffer.from("ffffffff", "hex")])).stored).toBeNull();
  });
});
