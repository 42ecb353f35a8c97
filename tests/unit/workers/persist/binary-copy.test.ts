import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BinaryCopy, copyHeader, copyTrailer } from "../../../../workers/persist/binary-copy.js";

function hexOf(write: (out: BinaryCopy) => void): string {
  const out = new BinaryCopy(1);
  write(out);
  return out.view(0, out.length).toString("hex");
}

describe("binary COPY", () => {
  it("starts and ends as the format says", () => {
    expect(copyHeader.toString("latin1")).toBe("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    expect([...copyTrailer]).toEqual([0xff, 0xff]);
    expect(hexOf((out) => out.startRow(47))).toBe("002f");
  });

  it("writes each type as its golden bytes", () => {
    expect(hexOf((out) => out.uuid("0190A1b2-c3d4-7e5f-8061-728394a5b6c7"))).toBe(
      "000000100190a1b2c3d47e5f8061728394a5b6c7",
    );
    expect(hexOf((out) => out.text("aé漢👍"))).toBe("0000000a61c3a9e6bca2f09f918d");
    expect(hexOf((out) => out.text(""))).toBe("00000000");
    expect(hexOf((out) => out.bool(true))).toBe("0000000101");
    expect(hexOf((out) => out.int2(-2))).toBe("00000002fffe");
    expect(hexOf((out) => out.int4(65536))).toBe("0000000400010000");
    expect(hexOf((out) => out.int8(2 ** 40 + 1))).toBe("000000080000010000000001");
    expect(hexOf((out) => out.int8(-1))).toBe("00000008ffffffffffffffff");
    expect(hexOf((out) => out.float8(1.5))).toBe("000000083ff8000000000000");
    expect(hexOf((out) => out.bytea(Buffer.from("ff00", "hex")))).toBe("00000002ff00");
    expect(hexOf((out) => out.textArray(["a", "bc"]))).toBe(
      "0000001f0000000100000000000000190000000200000001000000016100000002" + "6263",
    );
    expect(hexOf((out) => out.int2Array([]))).toBe("0000000c000000000000000000000015");
    expect(hexOf((out) => out.int4Array([7]))).toBe(
      "0000001c0000000100000000000000170000000100000001" + "0000000400000007",
    );
  });

  it("writes null as length -1", () => {
    for (const write of ["text", "int4", "float8", "bytea", "numeric"] as const) {
      expect(hexOf((out) => out[write](null))).toBe("ffffffff");
    }
  });

  it("counts time from 2000 in µs and cuts what is finer", () => {
    expect(hexOf((out) => out.timestamp(946_684_800_000))).toBe("000000080000000000000000");
    expect(hexOf((out) => out.timestamp(946_684_800_000.0005))).toBe("000000080000000000000000");
    expect(hexOf((out) => out.timestamp(946_684_800_001.25))).toBe("0000000800000000000004e2");
    expect(hexOf((out) => out.timestamp(946_684_799_999))).toBe("00000008fffffffffffffc18");
  });

  it("writes decimals as digits of base 10,000", () => {
    expect(hexOf((out) => out.numeric("0"))).toBe("000000080000000000000000");
    expect(hexOf((out) => out.numeric("0.0000012345"))).toBe("0000000c0002fffe0000000a" + "007b1194");
    expect(hexOf((out) => out.numeric("-99999999.5"))).toBe("0000000e0003000140000001" + "270f270f1388");
    expect(hexOf((out) => out.numeric("10000"))).toBe("0000000a0001000100000000" + "0001");
    for (const text of ["1e-7", "", ".5", "NaN", "1.", "+1"]) {
      expect(() => hexOf((out) => out.numeric(text))).toThrow("not a plain decimal");
    }
  });

  it("refuses values that a column cannot hold, and can drop the unfinished row", () => {
    const out = new BinaryCopy(8);
    out.text("kept");
    const start = out.length;
    expect(() => out.int2(40_000)).toThrow(RangeError);
    expect(() => out.int4(2 ** 31)).toThrow(RangeError);
    expect(() => out.int8(2 ** 53)).toThrow(RangeError);
    expect(() => out.timestamp(Number.NaN)).toThrow(RangeError);
    expect(() => out.uuid("0190a1b2-c3d4-7e5f-8061-728394a5b6cg")).toThrow("not a UUID");
    out.truncate(start);
    out.bool(false);
    expect(out.view(0, out.length).toString("hex")).toBe("000000046b6570740000000100");
  });

  it("grows to any size without losing a byte", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
        const expected = Buffer.concat(
          parts.flatMap((part) => [Buffer.from([0, 0, part.length >> 8, part.length & 255]), part]),
        );
        expect(hexOf((out) => parts.forEach((part) => out.bytea(part)))).toBe(expected.toString("hex"));
      }),
    );
  });
});
