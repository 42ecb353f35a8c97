import { describe, expect, it } from "vitest";
import { closeGcm, openGcm, sealGcm, startGcm } from "../../../../workers/seal/aes-gcm.js";
import { fromHex, readWycheproof } from "../../../support/vectors.js";

const vectors = readWycheproof<"key" | "iv" | "aad" | "msg" | "ct" | "tag">("wycheproof-aes-256-gcm").map((each) => ({
  ...each,
  bytes: {
    key: fromHex(each.key),
    iv: fromHex(each.iv),
    aad: fromHex(each.aad),
    msg: fromHex(each.msg),
    sealed: fromHex(each.ct + each.tag),
  },
}));
const valid = vectors.filter((each) => each.result === "valid");
const invalid = vectors.filter((each) => each.result === "invalid");

describe("AES-256-GCM against Project Wycheproof", () => {
  it("seals and opens every valid vector, at once and in pieces", () => {
    expect(valid.length).toBeGreaterThan(30);
    for (const { tcId, bytes } of valid) {
      const { key, iv, aad, msg, sealed } = bytes;
      expect(sealGcm(key, iv, aad, msg).equals(sealed), `tcId ${tcId}`).toBe(true);
      expect(openGcm(key, iv, aad, sealed).equals(msg), `tcId ${tcId}`).toBe(true);
      const cipher = startGcm(key, iv, aad);
      const pieces = [cipher.update(msg.subarray(0, 7)), cipher.update(msg.subarray(7))];
      expect(closeGcm(cipher, pieces).equals(sealed), `tcId ${tcId} in pieces`).toBe(true);
    }
  });

  it("refuses every invalid vector", () => {
    expect(invalid.length).toBeGreaterThan(20);
    for (const { tcId, bytes } of invalid) {
      expect(() => openGcm(bytes.key, bytes.iv, bytes.aad, bytes.sealed), `tcId ${tcId}`).toThrow();
    }
  });
});

describe("AES-256-GCM", () => {
  const key = Buffer.alloc(32, 1);
  const iv = Buffer.alloc(12, 2);
  const aad = Buffer.from("bound");
  const sealed = sealGcm(key, iv, aad, Buffer.from("plain"));

  it("opens nothing of which one bit is another, wherever it lies", () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openGcm(key, iv, aad, changed)).toThrow();
    }
  });

  it("takes no shortened tag, no other nonce length and no other key length", () => {
    for (const length of [0, 4, 12, 15, 16, 20])
      expect(() => openGcm(key, iv, aad, sealed.subarray(0, length))).toThrow();
    for (const length of [0, 8, 11, 13, 16]) {
      expect(() => sealGcm(key, Buffer.alloc(length), aad, sealed)).toThrow(/a nonce has 12 bytes/);
      expect(() => openGcm(key, Buffer.alloc(length), aad, sealed)).toThrow(/a nonce has 12 bytes/);
    }
    for (const length of [16, 24, 31, 33]) expect(() => sealGcm(Buffer.alloc(length), iv, aad, sealed)).toThrow();
  });
});
