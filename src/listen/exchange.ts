// One request and the means to answer it, free of any front end's types. Every front end makes these; the rest
// of the path knows nothing else of the client.

import type { LoomError } from "../errors/loom-error.js";

/** Header lines in order; names in lower case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * The answer to one request. `open`: nothing sent. `started`: the head is out. `ended`: complete.
 * `gone`: the client left or the connection was cut; every call is then a no-op.
 */
export type ReplyState = "open" | "started" | "ended" | "gone";

/** Why there is nobody to answer any more: the client left, or it took none of its answer for too long. */
export type GoneReason = "client_gone" | "client_stalled";

export type Reply = {
  readonly state: ReplyState;
  /** A whole answer at once, with a Content-Length. */
  send(status: number, headers: HeaderList, body: Uint8Array | string): void;
  /** The head and the first bytes in one write, without a known length. False: pause until `onDrain`. */
  start(status: number, headers: HeaderList, first: Uint8Array): boolean;
  /** More bytes in one write. False: the client reads more slowly than we write; pause until `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** The clean end of an answer that was started. */
  end(last?: Uint8Array): void;
  /** Breaks the connection, so that the client cannot take what it has for a whole answer. */
  cut(): void;
  onDrain(listener: () => void): void;
  /** Called once when the client leaves before the answer has ended. */
  onGone(listener: (reason: GoneReason) => void): void;
  /**
   * Called once when the whole exchange has taken too long (`listen.exchangeTimeoutMs`) and its answer has not ended:
   * end it at once. Without a listener the client gets `exchange_timeout`.
   */
  onDeadline(listener: () => void): void;
};

/**
 * The rest of a body that is too large to be held: it comes while it is passed on. Every buffer is the listener's to
 * keep. When the client leaves first, `onEnd` never comes, and the reply's `onGone` tells.
 */
export type BodyRest = {
  /** Of the whole body, those in `Exchange.body` included: its Content-Length. */
  readonly totalBytes: number;
  /** Starts the flow, once; nothing is read from the client before. */
  start(listener: { onBytes(bytes: Buffer): void; onEnd(): void; onFault(error: LoomError): void }): void;
  pause(): void;
  resume(): void;
};

export type Exchange = {
  readonly method: string;
  /** The raw path, without the query. */
  readonly path: string;
  /** The raw query without its `?`, or an empty string. */
  readonly query: string;
  /** Names in lower case; repeated lines are joined with a comma (those that must not repeat were refused). */
  readonly headers: ReadonlyMap<string, string>;
  /** Monotonic time of the first byte that the server saw, in ms. */
  readonly receivedAtMs: number;
  /** The same moment as unix time in ms. */
  readonly createdAtMs: number;
  /** The whole body, or its beginning where `rest` has more. */
  readonly body: Buffer;
  /** Null for a body that arrived whole, which every body up to `listen.bodyBytesMax` does. */
  readonly rest: BodyRest | null;
  readonly reply: Reply;
};
