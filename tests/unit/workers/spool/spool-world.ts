// A spool on simulated files, driven step by step, beside a plain account of what it was given and what it promised.
import { ExchangeIndex } from "../../../../workers/spool/exchange-index.js";
import { payloadHeadBytes, writeFrameHead } from "../../../../workers/spool/frame-head.js";
import { type FolderScan, FolderScanner } from "../../../../workers/spool/scan-folder.js";
import { finishFrame, frameHeadBytes, readFrame } from "../../../../workers/spool/segment-format.js";
import { Spool } from "../../../../workers/spool/spool.js";
import type { Random, SimFiles } from "./sim-files.js";

const folder = "/spool/node/boot/lane-0";
const segmentBytes = 4096;
const endBytes = 220;
export const bytesMax = 16 * segmentBytes;
const kinds = { begin: 1, chunk: 2, end: 3 } as const;

type GivenFrame = { readonly payload: Buffer; promised: boolean };

export type GivenExchange = {
  readonly seq: number;
  readonly frames: GivenFrame[];
  /** `broken`: the spool said that it cannot keep more of it. */
  state: "open" | "ended" | "broken" | "settled";
};

/** A frame as the sealer makes it, with any bytes as ciphertext. */
export function frameOf(kind: number, seq: number, number: number, bytes: number, random: Random): Buffer {
  const out = Buffer.alloc(frameHeadBytes + 1 + payloadHeadBytes + bytes);
  out[frameHeadBytes] = kind;
  const id = `0190a1b2-0000-7000-8000-${String(seq).padStart(12, "0")}`;
  writeFrameHead(out, frameHeadBytes + 1, { id, tenantId: id, seq, createdAtMs: 1000.5 + seq }, 1, number);
  for (let at = out.length - bytes; at < out.length; at += 1) out[at] = Math.floor(random() * 256);
  finishFrame(out, 0, out.length);
  return out;
}

export class SpoolWorld {
  files: SimFiles;
  readonly exchanges: GivenExchange[] = [];
  readonly random: Random;
  spool: Spool;
  faults = 0;
  #nowMs = 1_000_000;

  constructor(files: SimFiles, durability: "process" | "disk", random: Random) {
    this.files = files;
    this.random = random;
    this.spool = new Spool({
      folder,
      origin: { nodeId: "node", bootId: "0190a1b2-0000-7000-8000-0000000000b0", lane: 0 },
      files,
      segmentBytes,
      bytesMax,
      firstNumber: 1,
      durability,
      endBytes,
      retryMs: 100,
      reach: () => {},
      nowMs: () => this.#nowMs,
      onFault: () => {
        this.faults += 1;
      },
    });
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Gives the spool one batch of frames: a new exchange, or a step of an open one, for each size. */
  give(
    steps: readonly { readonly what: "begin" | "chunk" | "end"; readonly pick: number; readonly bytes: number }[],
  ): void {
    const parts: Buffer[] = [];
    const written: { exchange: GivenExchange; frame: GivenFrame; kind: number; number: number; bytes: number }[] = [];
    for (const { what, pick, bytes } of steps) {
      const open = this.exchanges.filter(({ state }) => state === "open");
      const begins = what === "begin" || open.length === 0;
      const exchange = begins ? this.#begin() : (open[pick % open.length] as GivenExchange);
      const kind = begins ? kinds.begin : kinds[what];
      const number = exchange.frames.length;
      const sealed = frameOf(kind, exchange.seq, number, bytes, this.random);
      if (!this.spool.claim(kind, exchange.seq, sealed.length)) {
        if (kind === kinds.end && sealed.length <= endBytes) throw new Error("an end found no room");
        exchange.state = "broken";
        continue;
      }
      const frame = { payload: sealed.subarray(frameHeadBytes + 1), promised: false };
      exchange.frames.push(frame);
      if (kind === kinds.end) exchange.state = "ended";
      parts.push(sealed);
      written.push({ exchange, frame, kind, number, bytes: sealed.length });
    }
    const frames = written.map(({ exchange, kind, number, bytes }) => ({ seq: exchange.seq, kind, number, bytes }));
    this.spool.append({ bytes: Buffer.concat(parts), frames }, (error) => {
      for (const { exchange, frame } of written) {
        if (error === null) frame.promised = true;
        else exchange.state = "broken";
      }
    });
  }

  settle(pick: number): void {
    const ended = this.exchanges.filter(
      ({ state, frames }) => state === "ended" && frames.every(({ promised }) => promised),
    );
    const one = ended[pick % Math.max(1, ended.length)];
    if (one === undefined) return;
    one.state = "settled";
    this.spool.settle([one.seq]);
  }

  /** Reads the folder as the next start would, and the payload of each frame in it. */
  async scan(): Promise<{ scan: FolderScan; found: Map<number, Map<number, Buffer>> }> {
    const index = new ExchangeIndex(() => true);
    const scan = await new FolderScanner(this.files, index).scan(folder);
    const found = new Map<number, Map<number, Buffer>>();
    for (const seq of scan.exchanges.keys()) {
      const frames = new Map<number, Buffer>();
      for (const { segment, at, bytes, number } of index.framesOf(seq)) {
        const whole = Buffer.alloc(bytes);
        this.files.read(segment.file, whole, at);
        frames.set(number, (readFrame(whole, 0) as { payload: Buffer }).payload);
      }
      found.set(seq, frames);
    }
    return { scan, found };
  }

  #begin(): GivenExchange {
    const exchange: GivenExchange = { seq: this.exchanges.length + 1, frames: [], state: "open" };
    this.exchanges.push(exchange);
    return exchange;
  }
}
