import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { scanSegment } from "../../../../workers/spool/scan-segment.js";
import {
  closeFrameBytes,
  headerBytes,
  writeCloseFrame,
  writeHeader,
} from "../../../../workers/spool/segment-format.js";
import { frameOf } from "./spool-world.js";

const header = {
  nodeId: "node-ü",
  bootId: "0190a1b2-0000-7000-8000-0000000000b0",
  lane: 3,
  number: 7,
  isDedicated: false,
  createdMs: 1_700_000_000_000.5,
};
const random = () => 0.37;
const frames = [1, 2, 3].map((seq) => frameOf(1, seq, 0, 60 + seq, random));
const used = Buffer.concat([writeHeader(header), ...frames]);
const segment = Buffer.concat([used, Buffer.alloc(500)]);
const closed = Buffer.concat([used, writeCloseFrame(3), Buffer.alloc(500)]);

describe("a segment", () => {
  it("has the bytes that docs/storage.md shows", () => {
    const golden =
      "4c4f4f4d534547310100000007000000" +
      "0190a1b2000070008000" +
      "0000000000b0" +
      "0300" +
      "0700" +
      "0040808bcf5bbc7842";
    expect(writeHeader(header).toString("hex").slice(0, 72)).toBe(golden.slice(0, 72));
    expect(writeHeader(header).subarray(44, 51).toString()).toBe("node-ü");
    expect(writeCloseFrame(3).toString("hex")).toBe("0500000033fe17210403000000");
    expect((frames[0] as Buffer).subarray(0, 9).toString("hex")).toMatch(/^82000000[0-9a-f]{8}01$/);
  });

  it("gives back its header and every frame, closed or not", () => {
    for (const [bytes, closedWith] of [
      [segment, null],
      [closed, 3],
    ] as const) {
      const scan = scanSegment(bytes);
      expect(scan).toMatchObject({ header, gaps: [], tornTail: null, closedWith });
      expect(scan.frames.map(({ at, bytes: length }) => bytes.subarray(at, at + length))).toEqual(frames);
    }
  });

  it("that was torn at any byte keeps all whole frames, and calls the rest a torn tail", () => {
    const ends = frames.map(
      (_, index) => headerBytes + frames.slice(0, index + 1).reduce((sum, one) => sum + one.length, 0),
    );
    for (let cut = headerBytes; cut <= used.length; cut += 1) {
      const whole = ends.filter((end) => end <= cut).length;
      // Cut short, and zero-filled behind the cut, as it is in a preallocated file.
      for (const bytes of [segment.subarray(0, cut), Buffer.concat([segment.subarray(0, cut), Buffer.alloc(600)])]) {
        const scan = scanSegment(bytes);
        expect(scan.frames).toHaveLength(whole);
        expect(scan.gaps).toEqual([]);
        const from = ends[whole - 1] ?? headerBytes;
        if (cut > from) expect(scan.tornTail?.at).toBe(from);
        else expect(scan.tornTail).toBeNull();
      }
    }
  });

  it("with one changed bit loses one frame at most, and says where", () => {
    for (let at = 0; at < used.length + closeFrameBytes; at += 1) {
      const changed = Buffer.from(closed);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      const scan = scanSegment(changed);
      expect(scan.frames.length, `byte ${at}`).toBeGreaterThanOrEqual(at < headerBytes ? 3 : 2);
      if (at < headerBytes) expect(scan.header).toBeNull();
      const isClose = at >= used.length;
      if (isClose) expect(scan).toMatchObject({ closedWith: null, tornTail: { at: used.length } });
      else expect(scan.gaps.length + (scan.tornTail === null ? 0 : 1), `byte ${at}`).toBe(1);
    }
  });

  it("of a newer format is refused, not guessed at", () => {
    const newer = writeHeader(header);
    newer.writeUInt16LE(2, 8);
    newer.writeUInt32LE(crc32(newer.subarray(0, headerBytes - 4)), headerBytes - 4);
    expect(() => scanSegment(newer)).toThrow("format 2");
  });
});
