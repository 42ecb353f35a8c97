// The live tail: server-sent events of exchanges as they are recorded, by whichever process. Every tail asks the
// database once a second; what is more than a person can read is counted instead of sent.
import type { Caller } from "../config/tenant.js";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import type { Exchange } from "../listen/exchange.js";
import { NewTraceReader } from "../query/new-traces.js";
import { readFilterValues, readParameters } from "../query/read-parameters.js";
import type { Reader } from "../query/reader.js";
import { liveTracesParameters } from "../query/schema/parameters.js";
import { ReplyStream } from "./reply-stream.js";

export type LiveParts = { readonly reader: Reader; readonly now: () => number };

const heartbeatTicks = 15;

export class LiveSite {
  readonly #parts: LiveParts;
  readonly #tails = new Set<Tail>();

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  /** @throws LoomError before anything is sent */
  async serve(exchange: Exchange, { tenant }: Caller): Promise<void> {
    const values = readParameters(exchange.query, liveTracesParameters);
    const filter = readFilterValues(values);
    if (this.#tails.size >= limits.liveTailsMax) {
      throw new LoomError("query_busy", { message: `At most ${limits.liveTailsMax} live tails run at once.` });
    }
    const { reader, now } = this.#parts;
    const traces = new NewTraceReader(tenant.id, filter);
    await reader.read(tenant.id, (query) => traces.start(query, now()));
    const stream = new ReplyStream(exchange.reply, 200, [
      ["content-type", "text/event-stream"],
      ["cache-control", "no-store"],
      ["x-accel-buffering", "no"],
    ]);
    const tail = new Tail(stream, () =>
      reader.read(tenant.id, (query) =>
        traces.read(query, now(), Math.round((limits.liveRowsPerSecondMax * limits.liveEveryMs) / 1000)),
      ),
    );
    this.#tails.add(tail);
    const shown = new URLSearchParams(exchange.query).get("q") ?? "";
    tail.start({ rowsPerSecondMax: limits.liveRowsPerSecondMax, filter: shown });
    await tail.ended;
    this.#tails.delete(tail);
  }

  end(): void {
    for (const tail of this.#tails) tail.end();
  }
}

type Look = () => Promise<{ readonly data: readonly unknown[]; readonly leftOut: number }>;

class Tail {
  readonly #stream: ReplyStream;
  readonly #look: Look;
  readonly ended: Promise<void>;
  #settle: () => void = () => {};
  #timer: NodeJS.Timeout | null = null;
  #quietTicks = 0;
  #database: "there" | "away" = "there";

  constructor(stream: ReplyStream, look: Look) {
    this.#stream = stream;
    this.#look = look;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  start(ready: object): void {
    this.#send("ready", ready);
    this.#plan();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#stream.isOpen) this.#stream.end();
    this.#settle();
  }

  #plan(): void {
    this.#timer = setTimeout(() => void this.#tick(), limits.liveEveryMs).unref();
  }

  async #tick(): Promise<void> {
    if (!this.#stream.isOpen) return this.end();
    // A client that does not read gets nothing more until it does; what it missed is counted by the next look.
    if (!this.#stream.isHeld) await this.#lookOnce();
    if (this.#stream.isOpen) this.#plan();
    else this.end();
  }

  async #lookOnce(): Promise<void> {
    try {
      const found = await this.#look();
      this.#database = "there";
      if (found.data.length > 0 || found.leftOut > 0) this.#send("traces", found);
      else this.#beat();
    } catch (error) {
      if (this.#database === "away") return this.#beat();
      this.#database = "away";
      const message = error instanceof LoomError ? error.message : "The traces cannot be read at the moment.";
      this.#send("fault", { message });
    }
  }

  #beat(): void {
    this.#quietTicks += 1;
    if (this.#quietTicks < heartbeatTicks) return;
    this.#quietTicks = 0;
    if (this.#stream.isOpen) this.#stream.push(": still here\n\n");
  }

  #send(event: string, value: object): void {
    this.#quietTicks = 0;
    if (this.#stream.isOpen) this.#stream.push(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
  }
}
