import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { leafOf, splitLeaf } from "../../../../workers/ledger/leaf.js";
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

/** It must never change, or what was signed says something else. */
const goldenLeaf = "e89518a7c21245a6edaa91130068292fd381c48b52a24f7143f43cbc5db51d26";

describe("the leaf of a row", () => {
  it("is what it always was", () => {
    const out = new BinaryCopy(64);
    expect(Buffer.from(writeTraceRow(out, row, bodies), "latin1").toString("hex")).toBe(goldenLeaf);
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
