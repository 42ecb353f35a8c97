// Puts one exchange together again from its frames on the disk.
import { frameKinds } from "../../src/trace/frames.js";
import type { RawExchange } from "../open-exchanges.js";
import type { KeyRing } from "../seal/key-ring.js";
import type { FrameRef } from "./exchange-index.js";
import { openFrame } from "./frame-sealer.js";
import { readFrame } from "./segment-format.js";
import type { SpoolFiles } from "./spool-files.js";

export type ExchangeSource = {
  readonly files: SpoolFiles;
  readonly ring: KeyRing;
  /** The node that sealed the frames. */
  readonly nodeId: string;
};

/**
 * `refs` are the exchange's frames in order. Frames behind a missing one are left out: what is there then is what
 * was kept without a break. Throws an Error when a frame cannot be read or opened, or the first one is missing.
 */
export function readSpooled(
  source: ExchangeSource,
  seq: number,
  refs: readonly FrameRef[],
  keySalt: string,
): RawExchange {
  const { files, ring, nodeId } = source;
  let raw: RawExchange | null = null;
  for (const [index, ref] of refs.entries()) {
    if (ref.number !== index) break;
    const bytes = Buffer.allocUnsafeSlow(ref.bytes);
    if (files.read(ref.segment.file, bytes, ref.at) < bytes.length)
      throw new Error("the segment is shorter than it was");
    const frame = readFrame(bytes, 0);
    if (frame === null) throw new Error("the frame has changed on the disk");
    const { record, body } = openFrame(ring, nodeId, frame.kind, frame.payload, keySalt);
    if (frame.kind === frameKinds.begin) {
      raw = { seq, begin: record, requestBody: body, chunks: [], end: null, keySalt };
      continue;
    }
    if (raw === null) break;
    if (body.length > 0) raw.chunks.push(body);
    if (frame.kind === frameKinds.end) raw.end = record;
  }
  if (raw === null) throw new Error("the begin of the exchange is missing");
  return raw;
}
