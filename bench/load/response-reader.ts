// Reads HTTP/1.1 answers from the pieces of one connection, one answer after the other (RFC 9112). A parser of its own,
// since at thousands of requests a second Node's client would use the CPU that the measured programs need.

type ReadState =
  | { readonly name: "head" }
  /** `left` bytes of a body whose length is known. */
  | { readonly name: "length"; left: number }
  | { readonly name: "chunk-size" }
  /** The rest of a chunk and the line end after it. */
  | { readonly name: "chunk"; left: number }
  | { readonly name: "trailer" }
  /** The body ends with the connection. */
  | { readonly name: "until-close" };

export type ReadAnswer = { readonly status: number; readonly keepsAlive: boolean };

const noBytes = Buffer.alloc(0);
const head: ReadState = { name: "head" };
const headBytesMax = 64 * 1024;

export class ResponseReader {
  #state: ReadState = head;
  #rest: Buffer = noBytes;
  #status = 0;
  #keepsAlive = true;

  /** Takes the next piece; the answer when it is whole. Throws an Error for what is no HTTP, or follows the answer. */
  read(piece: Buffer): ReadAnswer | null {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = noBytes;
    while (bytes.length > 0) {
      const used = this.#step(bytes);
      if (used < 0) {
        if (bytes.length > headBytesMax) throw new Error("a header or chunk line is too long");
        this.#rest = Buffer.from(bytes);
        return null;
      }
      bytes = bytes.subarray(used);
      if (this.#state !== head) continue;
      // An interim answer (100, 103) comes before the real one.
      if (this.#status < 200) continue;
      if (bytes.length > 0) throw new Error("bytes after the end of the answer");
      return { status: this.#status, keepsAlive: this.#keepsAlive };
    }
    return null;
  }

  /** The connection has ended: the answer when that was its end, else null. */
  end(): ReadAnswer | null {
    return this.#state.name === "until-close" ? { status: this.#status, keepsAlive: false } : null;
  }

  /** @returns bytes used, or -1 when more must come first. */
  #step(bytes: Buffer): number {
    const state = this.#state;
    switch (state.name) {
      case "head":
        return this.#readHead(bytes);
      case "until-close":
        return bytes.length;
      case "length":
      case "chunk": {
        const used = Math.min(state.left, bytes.length);
        state.left -= used;
        if (state.left === 0) this.#state = state.name === "length" ? head : { name: "chunk-size" };
        return used;
      }
      case "chunk-size":
      case "trailer":
        return this.#readLine(bytes, state.name);
    }
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return -1;
    const text = bytes.toString("latin1", 0, end);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status === undefined) throw new Error("the answer is not HTTP/1.1");
    this.#status = Number(status);
    this.#keepsAlive = !/\r\nconnection: *close/i.test(text);
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (/\r\ntransfer-encoding: *chunked/i.test(text)) this.#state = { name: "chunk-size" };
    else if (this.#status < 200 || this.#status === 204 || length === "0") this.#state = head;
    else this.#state = length === undefined ? { name: "until-close" } : { name: "length", left: Number(length) };
    return end + 4;
  }

  #readLine(bytes: Buffer, kind: "chunk-size" | "trailer"): number {
    const end = bytes.indexOf("\r\n");
    if (end < 0) return -1;
    if (kind === "trailer") {
      if (end === 0) this.#state = head;
      return end + 2;
    }
    const size = Number.parseInt(bytes.toString("latin1", 0, end), 16);
    if (Number.isNaN(size)) throw new Error("a chunk has no size");
    this.#state = size === 0 ? { name: "trailer" } : { name: "chunk", left: size + 2 };
    return end + 2;
  }
}
