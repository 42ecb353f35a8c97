import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../src/limits.js";
import { decodeAnswer, isPlainJson, plainText, streamText } from "../../../../workers/account/decode-answer.js";

describe("an answer's bytes", () => {
  it("are decoded within a bound: a bomb is not read at all", () => {
    const bomb = Buffer.alloc(limits.captureBytesMax + 1);
    expect(decodeAnswer(gzipSync(bomb), "gzip")).toBe(null);
    expect(decodeAnswer(brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), "br")).toBe(
      null,
    );
    expect(decodeAnswer(gzipSync(bomb.subarray(1)), "gzip")?.length).toBe(limits.captureBytesMax);
  });

  it("are given back as far as they go when they were cut", () => {
    const text = Array.from({ length: 500 }, (_, index) => `data: ${index} ${Math.sin(index)}\n\n`).join("");
    for (const [encoding, packed] of [
      ["gzip", gzipSync(text)],
      ["br", brotliCompressSync(text)],
    ] as const) {
      const half = decodeAnswer(packed.subarray(0, packed.length >> 1), encoding);
      expect(half?.length).toBeGreaterThan(100);
      expect(text.startsWith(plainText(half as Uint8Array).slice(0, -4))).toBe(true);
    }
  });

  it("are plain JSON when the first thing in them is a brace", () => {
    for (const text of ["{}", " \r\n\t{", "\ufeff\n{"]) expect(isPlainJson(Buffer.from(text))).toBe(true);
    for (const text of ["", "data: {}", ": {", "[{}]", "\n"]) expect(isPlainJson(Buffer.from(text))).toBe(false);
  });

  it("are read from head and tail when there are too many", () => {
    const long = Buffer.concat([Buffer.from("first"), Buffer.alloc(limits.accountBytesMax, "."), Buffer.from("last")]);
    const text = streamText(long);
    expect([text.startsWith("first"), text.endsWith("last")]).toEqual([true, true]);
    expect(text.length).toBe(limits.accountBytesMax + 2);
    expect(streamText(Buffer.from("\ufeffx"))).toBe("x");
  });
});
