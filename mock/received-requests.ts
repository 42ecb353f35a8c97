// What the mock provider has seen and sent, kept in a bounded list for tests to look at.

export type ReceivedRequest = {
  readonly method: string;
  /** The request target with its query. */
  readonly path: string;
  /** Names in lower case; repeated headers as Node joins them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as they arrived. */
  readonly rawHeaders: readonly string[];
  /** The body's bytes as they arrived. */
  readonly body: Buffer;
  readonly receivedAtMs: number;
  /** null while no response head was sent. */
  status: number | null;
  /** Body bytes of the answer that were handed to the socket. */
  sentBytes: number;
  /** The bytes themselves, in the pieces that were written, up to 4 MiB an answer. */
  readonly sent: Buffer[];
  /** `ended`: the whole plan was sent. `cut`: broken by the behaviour. `client-gone`: the client left first. */
  outcome: "open" | "ended" | "cut" | "client-gone";
};

const sentKeptBytesMax = 4 * 1024 * 1024;

/** Keeps the latest `max` requests in `list`. */
export function keepReceived(list: ReceivedRequest[], received: ReceivedRequest, max: number): void {
  if (max <= 0) return;
  if (list.length >= max) list.shift();
  list.push(received);
}

export function noteSent(received: ReceivedRequest, bytes: Buffer): void {
  if (received.sentBytes + bytes.length <= sentKeptBytesMax) received.sent.push(bytes);
  received.sentBytes += bytes.length;
}
