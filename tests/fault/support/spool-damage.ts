// What a disk or a cut may do to the spool of a gateway that is not running: a write that stopped in the middle, one
// bit that is another, a file that is gone.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type FrameHead, readFrameHead } from "../../../workers/spool/frame-head.js";
import { type SegmentScan, scanSegment } from "../../../workers/spool/scan-segment.js";
import { headerBytes } from "../../../workers/spool/segment-format.js";
import type { Chance } from "./random.js";

export type SpooledSegment = { readonly path: string; readonly bytes: Buffer; readonly scan: SegmentScan };

/** Every segment with a frame, the newest of a folder last. */
export function readSegments(home: string): SpooledSegment[] {
  const spool = join(home, "spool");
  if (!existsSync(spool)) return [];
  const names = readdirSync(spool, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".seg"));
  return names
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(spool, name));
      return { path: join(spool, name), bytes, scan: scanSegment(bytes) };
    })
    .filter(({ scan }) => scan.frames.length > 0);
}

/** Leaves in each lane the beginning of one more frame, as a write does that the kill cut short. Gives their number. */
export function tearTails(home: string, chance: Chance): number {
  const newest = new Map<string, SpooledSegment>();
  for (const segment of readSegments(home)) {
    if (segment.scan.header?.isDedicated === false) newest.set(dirname(segment.path), segment);
  }
  let torn = 0;
  for (const { path, bytes, scan } of newest.values()) {
    const last = scan.frames.at(-1);
    if (last === undefined || scan.closedWith !== null || scan.tornTail !== null) continue;
    const end = last.at + last.bytes;
    const part = chance.int(1, last.bytes - 1);
    if (end + part > bytes.length) continue;
    bytes.copy(bytes, end, last.at, last.at + part);
    writeFileSync(path, bytes);
    torn += 1;
  }
  return torn;
}

/** Where a bit may flip: of the segment's header, or of a frame. */
export const flippedFields = ["header", "length", "checksum", "kind", "id", "seq", "nonce", "body", "tag"] as const;
export type FlippedField = (typeof flippedFields)[number];

/** The first byte of the field from the frame's start on, and how many it has; segment-format.ts and frame-head.ts. */
function placeOf(field: Exclude<FlippedField, "header">, frameBytes: number): readonly [number, number] {
  const places = {
    length: [0, 4],
    checksum: [4, 4],
    kind: [8, 1],
    id: [9, 16],
    seq: [41, 8],
    nonce: [65, 12],
    body: [77, frameBytes - 77 - 16],
    tag: [frameBytes - 16, 16],
  } as const;
  return places[field];
}

export type Flip = { readonly file: string; readonly head: FrameHead | null };

/** Flips one bit of that field somewhere in the spool. Null when the spool has no frame. */
export function flipBit(home: string, field: FlippedField, chance: Chance): Flip | null {
  const [first, ...rest] = readSegments(home).flatMap((segment) =>
    segment.scan.frames.map((frame) => ({ segment, frame })),
  );
  if (first === undefined) return null;
  const { segment, frame } = chance.pick([first, ...rest]);
  // Before its bytes change.
  const head = field === "header" ? null : readFrameHead(frame.payload);
  const [from, length] = field === "header" ? [0, headerBytes] : placeOf(field, frame.bytes);
  const at = (field === "header" ? 0 : frame.at) + from + chance.int(0, length - 1);
  segment.bytes[at] = (segment.bytes[at] ?? 0) ^ (1 << chance.int(0, 7));
  writeFileSync(segment.path, segment.bytes);
  return { file: basename(segment.path), head };
}
