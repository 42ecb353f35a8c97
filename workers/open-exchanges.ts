// The exchanges of a lane that have begun and not ended, as the frames they came in: views into their batches,
// decoded only when an exchange is whole.
import { type Frame, frameKinds } from "../src/trace/frames.js";
import type { FinishedExchange, TraceBegin, TraceEnd } from "../src/trace/record.js";

/** The frames of one exchange. `end` is null for one that was open when its lane was drained. */
export type RawExchange = {
  readonly seq: number;
  begin: Buffer;
  requestBody: Buffer;
  chunks: Buffer[];
  end: Buffer | null;
  /** Of one that was read back from the spool, where the salt is never written. */
  readonly keySalt?: string;
};

/** What an exchange costs beside its bytes. */
const overheadBytes = 256;
/** A view is copied when it keeps more than this many times its own size in memory. */
const wasteMax = 2;

/** What an exchange takes of memory, as far as it has come. */
export function bytesOf(raw: RawExchange): number {
  const chunks = raw.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
  return overheadBytes + raw.begin.length + raw.requestBody.length + chunks;
}

/** A copy of its own, if the batch behind the view is much larger. */
function detach(view: Buffer): Buffer {
  if (view.buffer.byteLength <= wasteMax * view.length) return view;
  const copy = Buffer.allocUnsafeSlow(view.length);
  copy.set(view);
  return copy;
}

export class OpenExchanges {
  readonly #open = new Map<number, RawExchange>();
  #bytes = 0;
  /** All up to this one were open at the last look. */
  #lastSeen = 0;

  /** Bytes of all open exchanges. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a frame. Returns the exchange that it ended, else null. Throws for a frame without its `begin`. */
  take(frame: Frame): RawExchange | null {
    const { kind, seq, record, body } = frame;
    if (kind === frameKinds.begin) {
      const raw: RawExchange = { seq, begin: record, requestBody: body, chunks: [], end: null };
      this.#open.set(seq, raw);
      this.#bytes += bytesOf(raw);
      return null;
    }
    const raw = this.#open.get(seq);
    if (raw === undefined) throw new Error(`frame of kind ${kind} without a begin`);
    if (kind !== frameKinds.chunk && kind !== frameKinds.end) throw new Error(`frame of unknown kind ${String(kind)}`);
    if (kind === frameKinds.end) {
      this.#open.delete(seq);
      this.#bytes -= bytesOf(raw);
      raw.end = record;
      if (body.length > 0) raw.chunks.push(body);
      return raw;
    }
    raw.chunks.push(body);
    this.#bytes += body.length;
    return null;
  }

  /** Takes out an exchange of which nothing more will come; null when it is not here. */
  remove(seq: number): RawExchange | null {
    const raw = this.#open.get(seq);
    if (raw === undefined) return null;
    this.#open.delete(seq);
    this.#bytes -= bytesOf(raw);
    return raw;
  }

  /**
   * Copies what has been open since the last call out of its batch: one frame of a long stream must not keep the
   * bodies of all that shared its message in memory.
   */
  settle(): void {
    for (const raw of this.#open.values()) {
      if (raw.seq > this.#lastSeen) {
        this.#lastSeen = raw.seq;
        continue;
      }
      raw.begin = detach(raw.begin);
      raw.requestBody = detach(raw.requestBody);
      raw.chunks = raw.chunks.map(detach);
    }
  }

  /** All that are still open; they are forgotten here. */
  takeAll(): RawExchange[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    this.#bytes = 0;
    return all;
  }
}

/** Decodes an exchange that is whole, or was interrupted. Throws when a record is not what it should be. */
export function readExchange(raw: RawExchange): FinishedExchange {
  const written = JSON.parse(raw.begin.toString("utf8")) as TraceBegin;
  const begin = raw.keySalt === undefined ? written : { ...written, keySalt: raw.keySalt };
  const [first] = raw.chunks;
  const responseBody = raw.chunks.length === 1 && first !== undefined ? first : Buffer.concat(raw.chunks);
  const { seq, requestBody } = raw;
  const end =
    raw.end === null
      ? interruptedEnd(requestBody.length, responseBody.length)
      : (JSON.parse(raw.end.toString("utf8")) as TraceEnd);
  return { seq, begin, end, requestBody, responseBody };
}

/** The id of an exchange for a report, also when its `begin` cannot be decoded. */
export function nameExchange(raw: RawExchange): string {
  return /"id":"([0-9a-f-]{36})"/.exec(raw.begin.toString("latin1"))?.[1] ?? `seq ${raw.seq}`;
}

/** What is known of an exchange whose end never came: its request, and the part of its answer that was captured. */
function interruptedEnd(requestBytes: number, responseBytes: number): TraceEnd {
  return {
    outcome: "interrupted",
    statusCode: 0,
    errorCode: null,
    provider: null,
    providerKind: null,
    upstreamModel: null,
    attempts: [],
    latencyMs: 0,
    ttfbMs: null,
    overheadMs: 0,
    requestBytes,
    responseBytes,
    captureTruncated: true,
    contentType: null,
    contentEncoding: null,
    usageFormat: "none",
  };
}
