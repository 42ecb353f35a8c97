// What every front end does with a request, however its bytes came: judge the head, read the body, hand an Exchange
// to the gateway, or refuse it. native-http.ts and node-http.ts bring the bytes.
import { errorBody } from "../errors/error-reply.js";
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";
import { checkHead, type HeadRules, type RequestHead } from "./check-head.js";
import type { ClientWire } from "./client-wire.js";
import type { Exchange, Reply } from "./exchange.js";
import { BodyReader, type BodyRules, type BodySource } from "./read-body.js";
import { ClientReply } from "./reply.js";

const bodiless: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export type ListenOptions = HeadRules &
  BodyRules & {
    readonly host: string;
    /** 0 takes any free port. */
    readonly port: number;
    /** Whether other processes may listen there too; the native front end only. */
    readonly sharesPort: boolean;
    /** How long a request's head may take, and how long a connection may wait for its next request. */
    readonly headersTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    /** How long a client may take none of what waits for it. */
    readonly writeTimeoutMs: number;
    /** From a request's first byte to the end of its answer. */
    readonly exchangeTimeoutMs: number;
    /** Exchanges open at once; further ones are refused. */
    readonly exchangesMax: number;
    /** Called for every request that arrived whole. It must not throw. */
    readonly onExchange: (exchange: Exchange) => void;
    /** Called for every request refused here, before any tenant is known. */
    readonly onRefused: (error: LoomError, path: string) => void;
  };

export type Listener = {
  readonly port: number;
  /** Exchanges whose reply has not ended. */
  readonly open: number;
  /** Connections, idle ones too. */
  readonly connections: number;
  /** Stops taking connections; open exchanges go on, and each closes its connection at its end. */
  stop(): Promise<void>;
  /** Breaks every connection. */
  close(): void;
};

/** What the front end's requests have in common. */
export type Listening = {
  state: "listening" | "stopping";
  open: number;
  /**
   * `lax`: not to be trusted with what follows a chunked body, nor with a request that should have a length and shows
   * none: uWebSockets.js does not see the headers behind one without a name.
   */
  readonly parser: "strict" | "lax";
};

/** One request between a front end and the gateway. */
export class Incoming {
  readonly reply: ClientReply;
  readonly #options: ListenOptions;
  readonly #listening: Listening;
  readonly #source: BodySource;
  readonly #path: string;
  #body: BodyReader | null = null;
  #state: "reading" | "handed" | "refused" = "reading";
  /** A refused or chunked request leaves a connection whose position in the byte stream cannot be trusted. */
  #trust: "kept" | "lost" = "kept";

  constructor(wire: ClientWire & BodySource, path: string, options: ListenOptions, listening: Listening) {
    this.#source = wire;
    this.#path = path;
    this.#options = options;
    this.#listening = listening;
    listening.open += 1;
    this.reply = new ClientReply(wire, {
      exchangeTimeoutMs: options.exchangeTimeoutMs,
      writeTimeoutMs: options.writeTimeoutMs,
      closesAfter: () => this.#trust === "lost" || listening.state === "stopping" || this.#body?.isComplete !== true,
      onSettled: () => {
        listening.open -= 1;
        this.#body?.release();
      },
    });
  }

  /** Judges the head and waits for the body. */
  begin(head: RequestHead, receivedAtMs: number, createdAtMs: number): void {
    try {
      const framing = checkHead(head, this.#options);
      const isUnframed = framing === "chunked" || (!head.headers.has("content-length") && !bodiless.has(head.method));
      if (isUnframed && this.#listening.parser === "lax") this.distrust();
      this.#checkRoom(head.method);
      const { method, path, query, headers } = head;
      this.#body = new BodyReader(framing, this.#options, this.#source, {
        onFault: (error) => this.refuse(error),
        onBody: (body, rest) => {
          const { reply } = this;
          this.#answer(() => {
            this.#state = "handed";
            this.#options.onExchange({ method, path, query, headers, receivedAtMs, createdAtMs, body, rest, reply });
          });
        },
      });
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Whether the body is still awaited. */
  get isReading(): boolean {
    return this.#state === "reading";
  }

  /** Whether the connection may be used again. */
  get isTrusted(): boolean {
    return this.#trust === "kept";
  }

  /** A piece of the body, as BodyReader.add takes it; the front end may go on to call this after a refusal. */
  take(piece: Buffer, isLast: boolean): void {
    this.#body?.add(piece, isLast);
  }

  /** The connection is closed after the answer. */
  distrust(): void {
    this.#trust = "lost";
  }

  /** Refuses a request whose body has not come whole, and closes the connection. */
  refuse(error: unknown): void {
    if (this.#state !== "reading") return;
    this.#state = "refused";
    this.distrust();
    this.#body?.stop();
    const loomError = error instanceof LoomError ? error : new LoomError("internal_error", { cause: error });
    this.#options.onRefused(loomError, this.#path);
    this.#answer(() => sendRefusal(this.reply, loomError));
  }

  /**
   * uWebSockets.js goes on to parse what lies behind a request once that is answered, even where the answer closes
   * the connection; while it is not, a further request ends the connection. So an answer on a connection that is not
   * trusted any more waits until what came with the request has been parsed.
   */
  #answer(give: () => void): void {
    const giveOpen = (): void => {
      if (this.reply.state === "open") give();
    };
    if (this.#trust === "kept") giveOpen();
    else setImmediate(giveOpen);
  }

  /** Health pages must answer when nothing else does, and clients ask for them by GET. */
  #checkRoom(method: string): void {
    const reserve = method === "GET" || method === "HEAD" ? limits.reservedExchanges : 0;
    if (this.#listening.open > this.#options.exchangesMax + reserve) throw new LoomError("overloaded");
  }
}

function sendRefusal(reply: Reply, error: LoomError): void {
  const headers: [string, string][] = [["content-type", "application/json"]];
  if (error.status === 503) headers.push(["retry-after", "1"]);
  reply.send(error.status, headers, errorBody(error));
}
