// What a reply needs of a front end: bytes on one client's connection. Both front ends make one a request; reply.ts
// knows when each may be called.
import type { HeaderList } from "./exchange.js";

export type ClientWire = {
  /** A whole answer. `closes`: the connection ends after it. */
  send(status: number, headers: HeaderList, body: Uint8Array | string, closes: boolean): void;
  /** The head and the first bytes of an answer in HTTP chunks. False when the client has not taken all of it. */
  start(status: number, headers: HeaderList, first: Uint8Array, closes: boolean): boolean;
  write(bytes: Uint8Array): boolean;
  /** The last chunk. */
  end(last: Uint8Array | undefined): void;
  /** Ends the connection without the last chunk, after what was written. */
  cut(): void;
  /** Puts off a time-out of the front end's own. */
  stayOpen(): void;
};

const namePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header line may be written: a CR or LF from a provider would split the response. */
export function isWritable(name: string, value: string): boolean {
  return namePattern.test(name) && valuePattern.test(value);
}

/** 204 and 304 have no body and say no length (RFC 9110, 8.6). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}
