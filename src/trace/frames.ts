// The codec of what crosses from the main thread to a lane. Many frames are packed into one transferable
// buffer, so that one message carries many exchanges under load.
//
// Frame, little-endian: u32 length of all that follows | u8 kind | f64 seq | u32 record length | record | body
// `record` is the UTF-8 JSON of a TraceBegin or TraceEnd (empty for a chunk); `body` is raw bytes.

export const frameKinds = { begin: 1, chunk: 2, end: 3 } as const;
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

const headBytes = 4 + 1 + 8 + 4;

/** A frame as read back: `record` and `body` are views into the batch. */
export type Frame = {
  readonly kind: FrameKind;
  readonly seq: number;
  readonly record: Buffer;
  readonly body: Buffer;
};

type PendingFrame = {
  readonly kind: FrameKind;
  readonly seq: number;
  readonly record: string;
  readonly recordBytes: number;
  readonly body: readonly Uint8Array[];
  readonly bodyBytes: number;
};

/** Collects the frames of one turn. */
export class FrameBatch {
  #frames: PendingFrame[] = [];
  #bytes = 0;

  get size(): number {
    return this.#frames.length;
  }

  /** What `pack` will make. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps references only; bytes are copied once, in `pack`. */
  add(kind: FrameKind, seq: number, record: string, body: readonly Uint8Array[]): void {
    const recordBytes = Buffer.byteLength(record);
    let bodyBytes = 0;
    for (const part of body) bodyBytes += part.byteLength;
    this.#frames.push({ kind, seq, record, recordBytes, body, bodyBytes });
    this.#bytes += headBytes + recordBytes + bodyBytes;
  }

  /** Takes the frames of these exchanges out again. */
  drop(seqs: ReadonlySet<number>): void {
    const kept = this.#frames.filter(({ seq }) => !seqs.has(seq));
    this.#frames = kept;
    this.#bytes = kept.reduce((bytes, { recordBytes, bodyBytes }) => bytes + headBytes + recordBytes + bodyBytes, 0);
  }

  /** All frames in one fresh ArrayBuffer (never a slice of Node's pool, which cannot be transferred). Empties the batch. */
  pack(): ArrayBuffer {
    const packed = new ArrayBuffer(this.#bytes);
    const out = Buffer.from(packed);
    let at = 0;
    for (const frame of this.#frames) {
      at = out.writeUInt32LE(headBytes - 4 + frame.recordBytes + frame.bodyBytes, at);
      at = out.writeUInt8(frame.kind, at);
      at = out.writeDoubleLE(frame.seq, at);
      at = out.writeUInt32LE(frame.recordBytes, at);
      at += out.write(frame.record, at);
      for (const part of frame.body) {
        out.set(part, at);
        at += part.byteLength;
      }
    }
    this.#frames = [];
    this.#bytes = 0;
    return packed;
  }
}

/** Reads a packed batch. Throws a RangeError when the bytes do not add up. */
export function* readFrames(packed: ArrayBuffer): Generator<Frame> {
  const bytes = Buffer.from(packed);
  let at = 0;
  while (at < bytes.length) {
    const end = at + 4 + bytes.readUInt32LE(at);
    const recordAt = at + headBytes;
    const bodyAt = recordAt + bytes.readUInt32LE(at + 13);
    if (bodyAt > end || end > bytes.length) throw new RangeError(`frame at byte ${at} runs past its batch`);
    yield {
      kind: bytes.readUInt8(at + 4) as FrameKind,
      seq: bytes.readDoubleLE(at + 5),
      record: bytes.subarray(recordAt, bodyAt),
      body: bytes.subarray(bodyAt, end),
    };
    at = end;
  }
}
