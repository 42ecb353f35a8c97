import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameBatch, type FrameKind, frameKinds, readFrames } from "../../../../src/trace/frames.js";

type Given = {
  readonly kind: FrameKind;
  readonly seq: number;
  readonly record: string;
  readonly body: readonly Uint8Array[];
};

const frame: fc.Arbitrary<Given> = fc.record({
  kind: fc.constantFrom(...Object.values(frameKinds)),
  seq: fc.maxSafeNat(),
  record: fc.string({ unit: "binary" }),
  body: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
});

function packAll(frames: readonly Given[]): ArrayBuffer {
  const batch = new FrameBatch();
  for (const { kind, seq, record, body } of frames) batch.add(kind, seq, record, body);
  return batch.pack();
}

const readAll = (packed: ArrayBuffer) =>
  [...readFrames(packed)].map(({ kind, seq, record, body }) => ({
    kind,
    seq,
    record: record.toString(),
    body: [...body],
  }));

describe("frames", () => {
  it("are read as they were packed", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), (frames) => {
        const expected = frames.map((one) => ({ ...one, body: [...Buffer.concat([...one.body])] }));
        expect(readAll(packAll(frames))).toEqual(expected);
      }),
    );
  });

  it("have the layout that the file describes", () => {
    const packed = packAll([
      { kind: frameKinds.chunk, seq: 3, record: "é", body: [Buffer.from("a"), Buffer.from("b")] },
    ]);
    expect(Buffer.from(packed).toString("hex")).toBe(
      `${"11000000"}${"02"}${"0000000000000840"}${"02000000"}${"c3a9"}${"6162"}`,
    );
  });

  it("are refused when their bytes were cut", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), fc.nat(), (frames, at) => {
        const packed = packAll(frames);
        const borders = [0];
        for (const one of frames) borders.push((borders.at(-1) ?? 0) + packAll([one]).byteLength);
        const cut = at % packed.byteLength;
        fc.pre(!borders.includes(cut));
        expect(() => readAll(packed.slice(0, cut))).toThrow(RangeError);
      }),
    );
  });

  it.each([
    ["a frame length of nothing", "00000000010000000000000000"],
    ["a record longer than its frame", "0d0000000100000000000000000100000078"],
  ])("are refused with %s", (_, hex) => {
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    expect(() => readAll(bytes.buffer)).toThrow(RangeError);
  });

  it("leave the batch empty, and a buffer that can be transferred", () => {
    const batch = new FrameBatch();
    batch.add(frameKinds.begin, 1, "{}", [Buffer.from("pooled")]);
    expect(batch.size).toBe(1);
    const packed = batch.pack();
    expect(batch.size).toBe(0);
    expect(batch.pack().byteLength).toBe(0);
    expect(structuredClone(packed, { transfer: [packed] }).byteLength).toBe(17 + 2 + 6);
  });
});
