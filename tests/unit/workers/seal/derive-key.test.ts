import { describe, expect, it } from "vitest";
import { deriveKey } from "../../../../workers/seal/derive-key.js";
import { fromHex, readWycheproof } from "../../../support/vectors.js";

const vectors = readWycheproof<"ikm" | "salt" | "info" | "okm">("wycheproof-hkdf-sha256") as readonly (ReturnType<
  typeof readWycheproof<"ikm" | "salt" | "info" | "okm">
>[number] & { readonly size: number })[];

describe("HKDF-SHA-256 against Project Wycheproof", () => {
  it("derives the bytes of every valid vector", () => {
    const valid = vectors.filter((each) => each.result === "valid");
    expect(valid.length).toBeGreaterThan(60);
    for (const { tcId, ikm, salt, info, size, okm } of valid) {
      expect(deriveKey(fromHex(ikm), fromHex(salt), fromHex(info), size).toString("hex"), `tcId ${tcId}`).toBe(okm);
    }
  });

  it("refuses more bytes than the standard allows", () => {
    const invalid = vectors.filter((each) => each.result === "invalid");
    expect(invalid.length).toBeGreaterThan(0);
    for (const { tcId, ikm, salt, info, size } of invalid) {
      expect(() => deriveKey(fromHex(ikm), fromHex(salt), fromHex(info), size), `tcId ${tcId}`).toThrow(RangeError);
    }
  });
});

// RFC 5869, appendix A.1 and A.3, typed from the text of the standard.
describe("HKDF-SHA-256 against RFC 5869", () => {
  it.each([
    [
      "A.1",
      { ikm: "0b".repeat(22), salt: "000102030405060708090a0b0c", info: "f0f1f2f3f4f5f6f7f8f9", size: 42 },
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ],
    [
      "A.3",
      { ikm: "0b".repeat(22), salt: "", info: "", size: 42 },
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ],
  ])("derives the output of %s", (_name, { ikm, salt, info, size }, okm) => {
    expect(deriveKey(fromHex(ikm), fromHex(salt), fromHex(info), size).toString("hex")).toBe(okm);
  });
});
