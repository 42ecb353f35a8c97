import { describe, expect, it } from "vitest";
import { frameKinds } from "../../../../src/trace/frames.js";
import { KeyRing } from "../../../../workers/seal/key-ring.js";
import { payloadHeadBytes, readFrameHead } from "../../../../workers/spool/frame-head.js";
import { FrameSealer, openFrame, sealedOverheadBytes } from "../../../../workers/spool/frame-sealer.js";
import { readFrame } from "../../../../workers/spool/segment-format.js";
import { beginOf, testKeyRing, testKeySalt } from "../../../support/exchanges.js";

const begin = beginOf({ model: 'a "keySalt":"x", b', requestId: "überall" });
const record = Buffer.from(JSON.stringify(begin));
const subject = {
  id: begin.id,
  tenantId: begin.tenantId,
  createdAtMs: begin.createdAtMs,
  seq: 2 ** 40 + 5,
  keySalt: testKeySalt,
};
const sealer = new FrameSealer(testKeyRing, "node-1");

function seal(kind: 1 | 2 | 3, text: Buffer, body: string, number = 0): Buffer {
  const out = Buffer.alloc(sealedOverheadBytes + text.length + body.length + 7);
  const end = sealer.seal(out, 7, { kind, seq: subject.seq, record: text, body: Buffer.from(body) }, subject, number);
  return (readFrame(out, 7) as { payload: Buffer; bytes: number }).payload.subarray(0, end);
}

describe("a sealed frame", () => {
  it("opens again to what it was, but for the tenant's salt, which is never written", () => {
    const payload = seal(frameKinds.begin, record, "the request");
    expect(readFrameHead(payload)).toEqual({
      id: begin.id,
      tenantId: begin.tenantId,
      createdAtMs: begin.createdAtMs,
      seq: subject.seq,
      keyVersion: 1,
      number: 0,
    });
    const opened = openFrame(testKeyRing, "node-1", frameKinds.begin, payload, testKeySalt);
    const { keySalt: _, ...rest } = begin;
    expect(JSON.parse(opened.record.toString())).toEqual(rest);
    expect(opened.record.includes(testKeySalt)).toBe(false);
    expect(opened.body.toString()).toBe("the request");
    expect(payload.includes("the request")).toBe(false);
  });

  it("keeps a chunk without a record and an end with both", () => {
    const chunk = openFrame(testKeyRing, "node-1", 2, seal(2, Buffer.alloc(0), "bytes", 1), testKeySalt);
    expect([chunk.record.length, chunk.body.toString()]).toEqual([0, "bytes"]);
    const end = openFrame(testKeyRing, "node-1", 3, seal(3, Buffer.from('{"a":1}'), "", 2), testKeySalt);
    expect([end.record.toString(), end.body.length]).toEqual(['{"a":1}', 0]);
  });

  it("does not open with any bit changed, as another kind, on another node, or with another salt or key", () => {
    const payload = seal(3, Buffer.from("{}"), "answer");
    for (let at = 0; at < payload.length; at += 1) {
      const changed = Buffer.from(payload);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => openFrame(testKeyRing, "node-1", 3, changed, testKeySalt), `byte ${at}`).toThrow("cannot be opened");
    }
    const otherKey = new KeyRing(`1:${Buffer.alloc(32, 2).toString("base64")}`);
    const tries: [KeyRing, string, number, string][] = [
      [testKeyRing, "node-1", 2, testKeySalt],
      [testKeyRing, "node-2", 3, testKeySalt],
      [testKeyRing, "node-1", 3, Buffer.alloc(16, 8).toString("base64")],
      [otherKey, "node-1", 3, testKeySalt],
    ];
    for (const [ring, node, kind, salt] of tries) {
      expect(() => openFrame(ring, node, kind, payload, salt)).toThrow("cannot be opened");
    }
    for (const length of [0, 10, payloadHeadBytes, payloadHeadBytes + 19]) {
      expect(() => openFrame(testKeyRing, "node-1", 3, payload.subarray(0, length), testKeySalt)).toThrow(
        "cannot be opened",
      );
    }
  });

  it("never uses a nonce twice", () => {
    const nonces = new Set(
      Array.from({ length: 2000 }, () => seal(2, Buffer.alloc(0), "x").subarray(56, 68).toString("hex")),
    );
    expect(nonces.size).toBe(2000);
  });
});
