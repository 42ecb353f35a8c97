// Odd cutting must change where the network cuts, never what arrives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutOddly } from "../../../mock/odd-pieces.js";

describe("cutOddly", () => {
  it("gives back the same bytes for any bytes and any piece size", () => {
    const sizes = fc.option(fc.integer({ min: 1, max: 40 }), { nil: null });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), sizes, (bytes, size) => {
        const pieces = cutOddly(Buffer.from(bytes), size);
        expect(Buffer.concat(pieces).equals(Buffer.from(bytes))).toBe(true);
        expect(pieces.every((piece) => piece.length > 0 && piece.length <= (size ?? 64))).toBe(true);
      }),
    );
  });

  it("cuts inside characters, between CR and LF, and inside the blank line that ends an event", () => {
    const pieces = cutOddly(Buffer.from("data: aaaaaaaaaaaaaaaa🌍\r\n\r\n"), null);
    const ends = pieces.map((piece) => piece.at(-1));
    expect(pieces.filter((piece) => ((piece[0] ?? 0) & 0xc0) === 0x80)).toHaveLength(3);
    expect(ends.filter((byte) => byte === 0x0d)).toHaveLength(2);
    expect(pieces.at(-1)?.toString()).toBe("\n");
  });

  it("sends byte by byte when asked to", () => {
    expect(cutOddly(Buffer.from("abc"), 1).map(String)).toEqual(["a", "b", "c"]);
  });
});
