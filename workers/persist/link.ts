// A lane's link to Postgres over time: connects when there is work, counts failures, waits between tries, and says
// once when the database goes away and once when it is back.
import { limits } from "../../src/limits.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { CrashPoint } from "../../src/trace/lane-messages.js";
import { Connection } from "./connection.js";
import { readReason } from "./faults.js";

export type LinkOptions = {
  readonly databaseUrl: string;
  readonly lane: number;
  readonly timeoutMs: number;
  readonly emit: (event: LoomEvent) => void;
  /** Crash points of the fault suite. */
  readonly reach?: ((point: CrashPoint) => void) | undefined;
  /** Waits between two tries; may return early when the lane ends. */
  readonly pause: (ms: number) => Promise<void>;
};

const firstRetryMs = 100;
/** A slow disk is not a frozen server: each failure in a row doubles the patience, so far. */
const patienceMax = 8;

export class Link {
  readonly #options: LinkOptions;
  #state: "open" | "closed" = "open";
  #connection: Connection | null = null;
  #failures = 0;
  #awaySinceMs: number | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Runs `work` on a connection. When it throws, the connection is closed and a pause made; nothing is thrown. */
  async attempt(work: (connection: Connection, timeoutMs: number) => Promise<void>): Promise<void> {
    try {
      const patience = Math.min(patienceMax, 2 ** this.#failures);
      // One that broke while it was idle is nobody's failure.
      if (this.#connection?.isOpen !== true) this.#connection = await this.#connect();
      await work(this.#connection, this.#options.timeoutMs * patience);
      this.#reportBack();
    } catch (error) {
      await this.#backOff(error);
    }
  }

  /** For ever, at once. */
  close(): void {
    this.#state = "closed";
    this.#connection?.close();
  }

  async #connect(): Promise<Connection> {
    const { databaseUrl, lane, timeoutMs, reach } = this.#options;
    const connection = await Connection.open(databaseUrl, `loom lane ${lane}`, timeoutMs, reach);
    // The deadline may have passed meanwhile.
    if (this.#state === "closed") connection.close();
    return connection;
  }

  async #backOff(error: unknown): Promise<void> {
    const hadConnection = this.#connection !== null;
    this.#connection?.close();
    this.#connection = null;
    if (this.#state === "closed") return;
    this.#failures += 1;
    // A connection that broke under work may be replaced at once; only a second failure is news.
    if (hadConnection && this.#failures === 1) return;
    const { emit, lane, pause } = this.#options;
    if (this.#awaySinceMs === null) {
      this.#awaySinceMs = Date.now();
      emit({ name: "database_away", who: `lane ${lane}`, reason: readReason(error) });
    }
    const full = Math.min(limits.databaseRetryMsMax, firstRetryMs * 2 ** (this.#failures - 1));
    await pause(full * (0.5 + Math.random() / 2));
  }

  #reportBack(): void {
    this.#failures = 0;
    if (this.#awaySinceMs === null) return;
    const awayMs = Date.now() - this.#awaySinceMs;
    this.#awaySinceMs = null;
    this.#options.emit({ name: "database_back", who: `lane ${this.#options.lane}`, awayMs });
  }
}
