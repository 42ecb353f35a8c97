import { randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SealedColumn } from "../../../../workers/seal/binding.js";
import { KeyRing } from "../../../../workers/seal/key-ring.js";
import { openBody, type SealedRow } from "../../../../workers/seal/open.js";
import { type SealedBodies, Sealer } from "../../../../workers/seal/seal.js";

const key = (version: number) => `${version}:${Buffer.alloc(32, version).toString("base64")}`;
const nodeId = "node-1";
const MiB = 1024 * 1024;
const subjectOf = (tenantId: string = randomUUID()) => ({
  tenantId,
  id: randomUUID(),
  keySalt: randomBytes(16).toString("base64"),
  createdAtMs: Date.now() + 0.25,
});
type Subject = ReturnType<typeof subjectOf>;

function rowOf(subject: Subject, bodies: SealedBodies, column: SealedColumn): SealedRow {
  const body = column === "request_body" ? bodies.request : bodies.response;
  return { ...subject, nodeId, column, codec: bodies.codec, keyVersion: bodies.keyVersion, ...body };
}

const ring = new KeyRing(key(1));
const sealer = new Sealer(ring, nodeId);
const open = (row: SealedRow) => openBody(ring, row, 8 * MiB);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

describe("a sealed body", () => {
  it("opens to the same bytes, whatever they are", () => {
    const loneSurrogates = Buffer.from(JSON.stringify({ text: "\ud83d and \udc00" }));
    const bodies = [
      Buffer.from('{"a":1}'),
      Buffer.from("👩‍👩‍👧 ünï 漢字"),
      loneSurrogates,
      Buffer.from([0xed, 0xa0, 0xbd, 0x00, 0xff]),
      randomBytes(5 * MiB),
      Buffer.alloc(5 * MiB, "abc"),
    ];
    for (const request of bodies) {
      const subject = subjectOf();
      const sealed = sealer.sealBodies(subject, request, Buffer.from("answer"));
      expect(open(rowOf(subject, sealed, "request_body")).equals(request)).toBe(true);
      expect(text(open(rowOf(subject, sealed, "response_body")))).toBe("answer");
    }
  });

  it("is the tag alone when it is empty", () => {
    const subject = subjectOf();
    const sealed = sealer.sealBodies(subject, Buffer.alloc(0), Buffer.alloc(0));
    expect(sealed.request.sealed.length).toBe(16);
    expect(open(rowOf(subject, sealed, "request_body")).length).toBe(0);
  });

  it("differs each time for equal plaintexts, and holds none of it", () => {
    const subject = subjectOf();
    const plain = Buffer.from("the same secret words");
    const seen = new Set<string>();
    for (let turn = 0; turn < 1000; turn += 1) {
      const { request, response } = sealer.sealBodies(subject, plain, plain);
      expect(request.sealed.includes("secret")).toBe(false);
      for (const { iv, sealed } of [request, response]) seen.add(`${iv.toString("hex")}`).add(sealed.toString("hex"));
    }
    expect(seen.size).toBe(4000);
  });

  it("is compressed when request and answer together are large, with one codec for both", () => {
    const subject = subjectOf();
    const request = Buffer.alloc(3000, "abcdefgh");
    const answer = Buffer.alloc(2000, "12345678");
    const sealed = sealer.sealBodies(subject, request, answer);
    expect(sealed.codec).toBe("deflate");
    expect(sealed.request.sealed.length).toBeLessThan(300);
    expect(open(rowOf(subject, sealed, "request_body")).equals(request)).toBe(true);
    expect(open(rowOf(subject, sealed, "response_body")).equals(answer)).toBe(true);
    expect(sealer.sealBodies(subject, request, Buffer.alloc(0)).codec).toBe("identity");
  });

  it("inflates to its bound and no further", () => {
    const subject = subjectOf();
    const sealed = sealer.sealBodies(subject, Buffer.alloc(5 * MiB), Buffer.alloc(0));
    const row = rowOf(subject, sealed, "request_body");
    expect(openBody(ring, row, 5 * MiB).length).toBe(5 * MiB);
    expect(() => openBody(ring, row, 5 * MiB - 1)).toThrow(/^the body cannot be opened$/);
    const plain = rowOf(subject, sealer.sealBodies(subject, Buffer.alloc(9), Buffer.alloc(0)), "request_body");
    expect(() => openBody(ring, plain, 8)).toThrow(/^the body cannot be opened$/);
  });

  it("is the same thing when it was sealed in pieces", async () => {
    const subject = subjectOf();
    const request = randomBytes(3 * MiB + 7);
    const sealed = await sealer.sealLargeBodies(subject, request, Buffer.alloc(0));
    expect(open(rowOf(subject, sealed, "request_body")).equals(request)).toBe(true);
    expect(open(rowOf(subject, sealed, "response_body")).length).toBe(0);
  });

  it("is right a thousand times at once", async () => {
    const subjects = Array.from({ length: 1000 }, () => subjectOf());
    const bodies = await Promise.all(
      subjects.map((subject, index) => sealer.sealLargeBodies(subject, Buffer.from(`ask ${index}`), Buffer.alloc(8))),
    );
    for (const [index, subject] of subjects.entries()) {
      expect(text(open(rowOf(subject, bodies[index] as SealedBodies, "request_body")))).toBe(`ask ${index}`);
    }
    expect(
      new Set(bodies.flatMap(({ request, response }) => [request.iv.toString("hex"), response.iv.toString("hex")]))
        .size,
    ).toBe(2000);
  });
});

describe("a sealed body does not open", () => {
  const subject = subjectOf();
  const other = { ...subjectOf(), keySalt: subject.keySalt };
  const bodies = sealer.sealBodies(subject, Buffer.from("my secret question"), Buffer.from("your answer"));
  const row = rowOf(subject, bodies, "request_body");
  const refused = (changed: SealedRow) => {
    try {
      open(changed);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toBe("the body cannot be opened");
      expect((error as Error).cause).toBeUndefined();
      return;
    }
    expect.unreachable("it opened");
  };

  it("for another tenant, row, column, codec, version, day, node, salt or nonce", () => {
    refused({ ...row, tenantId: other.tenantId });
    refused({ ...row, id: other.id });
    refused({ ...row, column: "response_body" });
    refused({ ...row, codec: "deflate" });
    refused({ ...row, keyVersion: 2 });
    refused({ ...row, createdAtMs: row.createdAtMs + 86_400_000 });
    refused({ ...row, nodeId: "node-2" });
    refused({ ...row, keySalt: randomBytes(16).toString("base64") });
    refused({ ...row, iv: bodies.response.iv });
    refused({ ...row, iv: Buffer.alloc(0) });
    refused({ ...row, sealed: Buffer.alloc(15) });
  });

  it("after any single bit of it was flipped", () => {
    for (let bit = 0; bit < row.sealed.length * 8; bit += 1) {
      const sealed = Buffer.from(row.sealed);
      sealed[bit >> 3] = (sealed[bit >> 3] as number) ^ (1 << (bit & 7));
      refused({ ...row, sealed });
    }
  });

  it("after it was cut or prolonged anywhere", () => {
    fc.assert(
      fc.property(fc.nat(row.sealed.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), (cut, more) => {
        refused({ ...row, sealed: row.sealed.subarray(0, cut) });
        refused({ ...row, sealed: Buffer.concat([row.sealed, more]) });
      }),
    );
  });
});

describe("a ring of two master keys", () => {
  it("reads what the old one sealed and seals with the new one", () => {
    const subject = subjectOf();
    const old = sealer.sealBodies(subject, Buffer.from("old"), Buffer.alloc(0));
    const both = new KeyRing(`${key(2)},${key(1)}`);
    const now = new Sealer(both, nodeId).sealBodies(subject, Buffer.from("new"), Buffer.alloc(0));
    expect([old.keyVersion, now.keyVersion]).toEqual([1, 2]);
    expect(text(openBody(both, rowOf(subject, old, "request_body"), 9))).toBe("old");
    expect(text(openBody(both, rowOf(subject, now, "request_body"), 9))).toBe("new");
    expect(() => openBody(ring, rowOf(subject, now, "request_body"), 9)).toThrow("cannot be opened");
  });
});
