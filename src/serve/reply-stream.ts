// A long answer, piece by piece, no faster than the client reads it.
import type { HeaderList, Reply } from "../listen/exchange.js";

/** Thrown to whoever writes on when the client has left. */
export class ClientLeft extends Error {}

export class ReplyStream {
  readonly #reply: Reply;
  #flow: "free" | "held" = "free";
  #wake: () => void = () => {};

  constructor(reply: Reply, status: number, headers: HeaderList) {
    this.#reply = reply;
    reply.onGone(() => this.#wake());
    reply.onDrain(() => {
      this.#flow = "free";
      this.#wake();
    });
    if (!reply.start(status, headers, new Uint8Array(0))) this.#flow = "held";
  }

  get isOpen(): boolean {
    return this.#reply.state === "started";
  }

  get isHeld(): boolean {
    return this.#flow === "held";
  }

  /** Resolves when there may be more. @throws ClientLeft */
  async write(piece: string | Uint8Array): Promise<void> {
    this.push(piece);
    while (this.isHeld && this.isOpen) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (!this.isOpen) throw new ClientLeft();
  }

  /** Without waiting: for what is small and seldom. */
  push(piece: string | Uint8Array): void {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    if (!this.#reply.write(bytes)) this.#flow = "held";
  }

  end(): void {
    this.#reply.end();
    this.#wake();
  }

  /** Breaks the connection, so that a part is not taken for the whole. */
  cut(): void {
    this.#reply.cut();
    this.#wake();
  }
}
