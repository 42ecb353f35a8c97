// What a lane does with one exchange that is whole: seal, then account, then persist. The spool comes between the
// first two: everything from `account` on happens after the acknowledgement, whatever the durability.
import { limits } from "../src/limits.js";
import { PriceList } from "../src/prices/price-list.js";
import type { LoomEvent } from "../src/report/events.js";
import type { LaneSettings, SkippedExchange } from "../src/trace/lane-messages.js";
import type { FinishedExchange } from "../src/trace/record.js";
import { account } from "./account/account.js";
import { OwedUsage } from "./account/owed-usage.js";
import { openSigner } from "./ledger/sign.js";
import type { Found, LaneTelemetry } from "./observe/lane-telemetry.js";
import { nameExchange, type RawExchange, readExchange } from "./open-exchanges.js";
import type { BatchRow } from "./persist/batch.js";
import type { Gap } from "./persist/gaps.js";
import { makeTraceRow, type RowOrigin } from "./persist/trace-row.js";
import { TraceWriter } from "./persist/writer.js";
import { KeyRing } from "./seal/key-ring.js";
import { type SealedBodies, Sealer } from "./seal/seal.js";
import type { Reach } from "./spool/crash-point.js";

export type RecorderOptions = {
  /** Crash points of the fault suite. */
  readonly reach?: Reach;
  readonly settings: LaneSettings;
  readonly emit: (event: LoomEvent) => void;
  /** Told when the backlog has become smaller: nothing more will happen to these numbers. */
  readonly onProgress: (seqs: readonly number[]) => void;
  /** Of the lane, which may have several recorders. */
  readonly telemetry?: LaneTelemetry;
  /** Whether something of this number is in the spool. */
  readonly isHeld?: (seq: number) => boolean;
};

type SealedExchange = { readonly exchange: FinishedExchange; readonly bodies: SealedBodies; readonly found: Found };

function subjectOf({ begin }: FinishedExchange) {
  const { tenantId, keySalt, createdAtMs, id } = begin;
  return { tenantId, keySalt, createdAtMs, id };
}

export class Recorder {
  readonly #emit: (event: LoomEvent) => void;
  readonly #origin: RowOrigin;
  readonly #ring: KeyRing;
  readonly #sealer: Sealer;
  readonly #prices = new PriceList();
  readonly #owed: OwedUsage | null;
  readonly #writer: TraceWriter;
  /** Large exchanges, one after the other. */
  #large: Promise<void> = Promise.resolve();
  #largeBytes = 0;
  readonly #telemetry: LaneTelemetry | undefined;
  /** Since when each exchange waits for Postgres, monotonic ms; the oldest first. */
  readonly #waiting = new Map<number, number>();

  /** Throws an Error when the master keys or the ledger key are not well-formed. */
  constructor({ settings, emit, onProgress, telemetry, isHeld = () => false, reach = () => {} }: RecorderOptions) {
    const { lane, nodeId, bootId, databaseUrl, masterKeys, ledgerKey } = settings;
    this.#emit = emit;
    this.#telemetry = telemetry;
    this.#origin = { lane, nodeId, bootId };
    this.#ring = new KeyRing(masterKeys);
    this.#sealer = new Sealer(this.#ring, nodeId);
    this.#owed = settings.owedUsages === undefined ? null : new OwedUsage(settings.owedUsages);
    const seal = (entry: BatchRow, encoded: Uint8Array) => this.#sealRow(entry, encoded);
    const ledger = ledgerKey === undefined ? {} : { ledger: { signer: openSigner(ledgerKey), own: this.#origin } };
    const left = settings.durability === "memory" ? "lost" : "kept";
    const settle = (seqs: readonly number[]) => {
      for (const seq of seqs) this.#waiting.delete(seq);
      onProgress(seqs);
    };
    this.#writer = new TraceWriter({
      databaseUrl,
      lane,
      seal,
      emit,
      onProgress: settle,
      isHeld,
      left,
      reach,
      ...ledger,
    });
  }

  /** The keys that everything of this lane is sealed with. */
  get keyRing(): KeyRing {
    return this.#ring;
  }

  /** Throws an Error, and keeps what it has, when the text is not well-formed. */
  renewKeys(masterKeys: string): void {
    this.#ring.renew(masterKeys);
  }

  forgetKeys(tenantId: string | null): void {
    this.#ring.forget(tenantId);
  }

  /** Bytes that are not in Postgres yet. */
  get backlogBytes(): number {
    return this.#largeBytes + this.#writer.backlogBytes;
  }

  /** How long the oldest recorded exchange has waited for Postgres, in ms. */
  get lagMs(): number {
    for (const sinceMs of this.#waiting.values()) return performance.now() - sinceMs;
    return 0;
  }

  /** Never throws: an exchange that cannot be recorded costs itself only, and is named. */
  record(raw: RawExchange, found: Found = "live"): void {
    try {
      this.#waiting.set(raw.seq, performance.now());
      const exchange = readExchange(raw);
      const { requestBody, responseBody } = exchange;
      const bytes = requestBody.length + responseBody.length;
      if (bytes > limits.sealInPiecesBytesMin) this.#recordLarge(raw, exchange, bytes, found);
      else {
        const bodies = this.#sealer.sealBodies(subjectOf(exchange), requestBody, responseBody);
        this.#finish({ exchange, bodies, found });
      }
    } catch (error) {
      this.#lose(raw, error);
    }
  }

  /** Numbers up to this one have been given to exchanges of this lane. */
  noteAdmitted(seq: number): void {
    this.#writer.noteAdmitted(seq);
  }

  /** An exchange of this lane that is not recorded. */
  noteSkipped(exchange: SkippedExchange): void {
    this.noteAdmitted(exchange.seq);
    this.noteGap({ ...this.#origin, ...exchange });
  }

  /** An exchange whose begin found no place: it was not served, or without a record. */
  noteRefused(raw: RawExchange): void {
    this.noteGap(this.#gapOf(raw, "record_failed"));
  }

  /** Tells of a number that no row will stand for. */
  noteGap(gap: Gap): void {
    this.#writer.addGap(gap);
  }

  /** Writes what it can within `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    const startedAt = performance.now();
    await this.#large;
    await this.#writer.drain(Math.max(0, deadlineMs - (performance.now() - startedAt)));
  }

  #recordLarge(raw: RawExchange, exchange: FinishedExchange, bytes: number, found: Found): void {
    this.#largeBytes += bytes;
    this.#large = this.#large
      .then(() => this.#sealer.sealLargeBodies(subjectOf(exchange), exchange.requestBody, exchange.responseBody))
      .then((bodies) => this.#finish({ exchange, bodies, found }))
      .catch((error: unknown) => this.#lose(raw, error))
      .finally(() => {
        this.#largeBytes -= bytes;
      });
  }

  #finish({ exchange, bodies, found }: SealedExchange): void {
    // What an ended process left may be in the database already, and must not be waited for again.
    const accounted = account(exchange, this.#prices, found === "live" ? this.#owed : null);
    this.#writer.add(makeTraceRow(exchange, accounted, this.#origin), bodies, exchange.begin.keySalt);
    this.#telemetry?.note(exchange, accounted, this.#origin, found);
  }

  #lose(raw: RawExchange, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#emit({ name: "traces_lost", lane: this.#origin.lane, ids: [nameExchange(raw)], reason });
    this.noteGap(this.#gapOf(raw, reason));
  }

  #gapOf(raw: RawExchange, reason: string): Gap {
    const id = nameExchange(raw);
    // Which tenant's it was cannot be told for sure of an exchange that cannot be read.
    const known = { id: id.startsWith("seq ") ? null : id, tenantId: null };
    return { ...this.#origin, seq: raw.seq, ...known, reason, createdAtMs: Date.now() };
  }

  #sealRow({ row, keySalt }: BatchRow, encoded: Uint8Array) {
    const { tenantId, createdAtMs, id } = row;
    const sealed = this.#sealer.sealBody({ tenantId, keySalt, createdAtMs, id }, "row", "identity", encoded);
    return { keyVersion: this.#ring.newest, ...sealed };
  }
}
