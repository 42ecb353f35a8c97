// From the frames of one message to one sealed batch in the spool: numbers them, gives each exchange its subject, and
// says which exchanges cannot be kept any further.
import { type Frame, frameKinds } from "../../src/trace/frames.js";
import type { TraceBegin } from "../../src/trace/record.js";
import { type FrameSealer, type FrameSubject, sealedOverheadBytes } from "./frame-sealer.js";
import type { Spool, SpooledFrame } from "./spool.js";

type Kept = { readonly subject: FrameSubject; nextNumber: number };

export type FrameKeeperOptions = {
  readonly spool: Spool;
  readonly sealer: FrameSealer;
  /** Whether the buffer of a batch is needed after it was written. */
  readonly holdsBatches: boolean;
};

const firstBufferBytes = 256 * 1024;

export class FrameKeeper {
  readonly #options: FrameKeeperOptions;
  /** Exchanges that have a begin in the spool and no end yet. */
  readonly #open = new Map<number, Kept>();
  /** Exchanges that began and that the spool does not have whole. */
  readonly #refused = new Set<number>();
  #buffer = Buffer.allocUnsafeSlow(firstBufferBytes);

  constructor(options: FrameKeeperOptions) {
    this.#options = options;
  }

  /** An exchange of an earlier worker goes on. */
  resume(subject: FrameSubject, nextNumber: number): void {
    this.#open.set(subject.seq, { subject, nextNumber });
    this.#options.spool.resume(subject.seq);
  }

  isResumable(seq: number): boolean {
    return this.#open.has(seq);
  }

  /** `done` is told which exchanges of these frames are refused, in the order of the calls. */
  keep(frames: readonly Frame[], done: (refused: ReadonlySet<number>) => void): void {
    const refused = new Set<number>();
    const written: SpooledFrame[] = [];
    const out = this.#bufferFor(frames);
    let at = 0;
    for (const frame of frames) {
      const end = this.#seal(out, at, frame);
      if (end === null) {
        this.#refuse(frame.seq);
        refused.add(frame.seq);
        continue;
      }
      const number = (this.#open.get(frame.seq)?.nextNumber ?? 1) - 1;
      written.push({ seq: frame.seq, kind: frame.kind, number, bytes: end - at });
      at = end;
      if (frame.kind === frameKinds.end) this.#open.delete(frame.seq);
    }
    this.#options.spool.append({ bytes: out.subarray(0, at), frames: written }, (error) => {
      if (error !== null) {
        for (const { seq } of written) {
          this.#refuse(seq);
          refused.add(seq);
        }
      }
      done(refused);
    });
  }

  forget(seqs: Iterable<number>): void {
    for (const seq of seqs) {
      this.#open.delete(seq);
      this.#refused.delete(seq);
    }
  }

  #refuse(seq: number): void {
    this.#open.delete(seq);
    this.#refused.add(seq);
  }

  /** Where the sealed frame ends, or null when it has no place. */
  #seal(out: Buffer, at: number, frame: Frame): number | null {
    const { spool, sealer } = this.#options;
    const { kind, seq, record, body } = frame;
    if (this.#refused.has(seq)) return null;
    try {
      const kept = kind === frameKinds.begin ? this.#begin(frame) : this.#open.get(seq);
      if (kept === undefined) return null;
      if (!spool.claim(kind, seq, sealedOverheadBytes + record.length + body.length)) return null;
      const end = sealer.seal(out, at, frame, kept.subject, kept.nextNumber);
      kept.nextNumber += 1;
      return end;
    } catch {
      // A tenant without a key, or a record that is none: nothing of it can be kept.
      return null;
    }
  }

  #begin({ seq, record }: Frame): Kept {
    const { id, tenantId, createdAtMs, keySalt } = JSON.parse(record.toString("utf8")) as TraceBegin;
    const kept: Kept = { subject: { id, tenantId, createdAtMs, keySalt, seq }, nextNumber: 0 };
    this.#open.set(seq, kept);
    return kept;
  }

  #bufferFor(frames: readonly Frame[]): Buffer {
    let bytes = 0;
    for (const { record, body } of frames) bytes += sealedOverheadBytes + record.length + body.length;
    if (this.#options.holdsBatches) return Buffer.allocUnsafeSlow(bytes);
    if (bytes > this.#buffer.length && bytes <= 16 * firstBufferBytes) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
    }
    return bytes > this.#buffer.length ? Buffer.allocUnsafeSlow(bytes) : this.#buffer;
  }
}
