import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { KeyRing, parseMasterKeys } from "../../../../workers/seal/key-ring.js";

const master = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const tenantA = "0190a1b2-0000-7000-8000-00000000000a";
const tenantB = "0190a1b2-0000-7000-8000-00000000000b";
const keySalt = Buffer.alloc(16, 7).toString("base64");
const body = { tenantId: tenantA, keySalt, createdAtMs: Date.UTC(2026, 10, 21, 12), nodeId: "node-1" };

describe("master keys", () => {
  it("are read newest first", () => {
    expect([...parseMasterKeys(`2:${master(2)}, 1:${master(1)}`).keys()]).toEqual([2, 1]);
    expect(new KeyRing(`2:${master(2)},1:${master(1)}`).newest).toBe(2);
  });

  it("have every fault named at once, and no key is ever quoted", () => {
    const short = randomBytes(31).toString("base64");
    const text = `1:${master(1)},1:${master(2)},x:${master(3)},3:${short},0:${master(4)},9999999999:${master(5)}`;
    const fail = () => parseMasterKeys(text);
    expect(fail).toThrow(/version 1 is there twice/);
    expect(fail).toThrow(/entry 3 is not "version:base64"/);
    expect(fail).toThrow(/entry 4 has 31 bytes instead of 32/);
    expect(fail).toThrow(/entry 5 is not/);
    expect(fail).toThrow(/entry 6 has a version above/);
    for (const key of [master(1), master(3), short]) {
      expect(() => parseMasterKeys(text)).not.toThrow(new RegExp(key.slice(0, 12).replaceAll(/[+/]/g, ".")));
    }
  });

  it("of nothing at all are a fault", () => {
    expect(() => new KeyRing("")).toThrow(/entry 1 is not/);
  });
});

describe("derived keys", () => {
  const ring = new KeyRing(`2:${master(2)},1:${master(1)}`);

  it("are the same for the same tenant and other for another tenant, salt, version or master", () => {
    const key = ring.tenantKey(2, { tenantId: tenantA, keySalt }).toString("hex");
    expect(new KeyRing(`2:${master(2)}`).tenantKey(2, { tenantId: tenantA, keySalt }).toString("hex")).toBe(key);
    const others = [
      ring.tenantKey(2, { tenantId: tenantB, keySalt }),
      ring.tenantKey(2, { tenantId: tenantA, keySalt: Buffer.alloc(16, 8).toString("base64") }),
      ring.tenantKey(1, { tenantId: tenantA, keySalt }),
      new KeyRing(`2:${master(3)}`).tenantKey(2, { tenantId: tenantA, keySalt }),
    ];
    for (const other of others) expect(other.toString("hex")).not.toBe(key);
  });

  it("of bodies change with the UTC day and the node, not within a day", () => {
    const key = ring.bodyKey(2, body).toString("hex");
    const at = (createdAtMs: number) => ring.bodyKey(2, { ...body, createdAtMs }).toString("hex");
    expect(at(Date.UTC(2026, 10, 21, 23, 59, 59, 999) + 0.9997)).toBe(key);
    expect(at(Date.UTC(2026, 10, 22))).not.toBe(key);
    expect(ring.bodyKey(2, { ...body, nodeId: "node-2" }).toString("hex")).not.toBe(key);
    expect(ring.tenantKey(2, body).toString("hex")).not.toBe(key);
  });

  it("are zero-filled when they leave the cache", () => {
    const small = new KeyRing(`1:${master(1)}`, 2);
    const key = small.bodyKey(1, body);
    expect(key.some((byte) => byte !== 0)).toBe(true);
    for (let day = 0; day < 3; day += 1) small.bodyKey(1, { ...body, createdAtMs: day * 86_400_000 });
    expect(key.every((byte) => byte === 0)).toBe(true);
    expect(small.bodyKey(1, body).some((byte) => byte !== 0)).toBe(true);
  });

  it("need a known version, a salt and a tenant id", () => {
    expect(() => ring.tenantKey(7, { tenantId: tenantA, keySalt })).toThrow("no master key of version 7");
    expect(() => ring.tenantKey(2, { tenantId: tenantA, keySalt: "" })).toThrow("no key salt");
    expect(() => ring.tenantKey(2, { tenantId: "acme", keySalt })).toThrow("not a UUID");
  });
});

describe("a ring that is renewed", () => {
  it("seals under the new version and still derives the same keys for the old one", () => {
    const ring = new KeyRing(`1:${master(1)}`);
    const before = Buffer.from(ring.bodyKey(1, body));
    ring.renew(`2:${master(2)},1:${master(1)}`);
    expect(ring.newest).toBe(2);
    expect(ring.bodyKey(1, body).equals(before)).toBe(true);
    expect(ring.bodyKey(2, body).equals(before)).toBe(false);
  });

  it("keeps what it has when the new text is wrong, and forgets what it derived from a key that was corrected", () => {
    const ring = new KeyRing(`1:${master(1)}`);
    const before = Buffer.from(ring.bodyKey(1, body));
    expect(() => ring.renew("2:short")).toThrow(/master keys/);
    expect(ring.newest).toBe(1);
    expect(ring.bodyKey(1, body).equals(before)).toBe(true);
    ring.renew(`1:${master(9)}`);
    expect(ring.bodyKey(1, body).equals(before)).toBe(false);
  });

  it("zero-fills and drops the keys of a tenant that is forgotten, and of that one only", () => {
    const ring = new KeyRing(`1:${master(1)}`);
    const mine = [ring.tenantKey(1, body), ring.bodyKey(1, body)];
    const other = ring.bodyKey(1, { ...body, tenantId: tenantB });
    ring.forget(tenantA);
    for (const key of mine) expect(key.equals(Buffer.alloc(32))).toBe(true);
    expect(other.equals(Buffer.alloc(32))).toBe(false);
    expect(ring.bodyKey(1, { ...body, tenantId: tenantB })).toBe(other);
    ring.forget(null);
    expect(other.equals(Buffer.alloc(32))).toBe(true);
  });
});
