// What a request's head must be before anything is read of its body. uWebSockets.js calls the handler before it
// has checked the framing, and lets through what other servers refuse (facts: reliability.md 2.4), so Loom checks here.
import { LoomError } from "../errors/loom-error.js";
import { limits } from "../limits.js";

export type RequestHead = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Map<string, string>;
  /** A header that must not repeat and did, or null. */
  readonly repeated: string | null;
  readonly headerCount: number;
  /** A header whose name or value has characters that HTTP does not allow, or null. */
  readonly malformed: string | null;
};

const mustNotRepeat: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "content-type",
  "transfer-encoding",
  "authorization",
  "x-api-key",
  "api-key",
]);
const namePattern = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const valueTraps = /[\x00-\x08\x0a-\x1f\x7f]/;
const methodPattern = /^[A-Z]+$/;
const pathPattern = /^\/[\x21-\x7e]*$/;
const pathTraps = /[#\\]|\/\/|%00|(?:^|\/)\.\.?(?:\/|$)/;
const lengthPattern = /^\d{1,15}$/;

/** Collects header lines as a front end reads them. */
export class HeadReader {
  readonly headers = new Map<string, string>();
  repeated: string | null = null;
  headerCount = 0;
  malformed: string | null = null;

  /** `name` in lower case. */
  add(name: string, value: string): void {
    this.headerCount += 1;
    if (!namePattern.test(name) || valueTraps.test(value)) this.malformed = name;
    const before = this.headers.get(name);
    if (before === undefined) {
      this.headers.set(name, value);
      return;
    }
    if (mustNotRepeat.has(name)) this.repeated = name;
    this.headers.set(name, `${before}, ${value}`);
  }
}

/** How the body arrives: its length in bytes, or `chunked`. */
export type BodyFraming = number | "chunked";

export type HeadRules = {
  readonly chunkedRequests: "refuse" | "accept";
  /** A body up to this size is held whole before anything is forwarded. */
  readonly bodyBytesMax: number;
  /** An upload (a body that is not JSON) up to this size is passed on while it comes. */
  readonly uploadBytesMax: number;
};

/** JSON must be read whole, because its model may stand anywhere; a form or a file need not be. */
function mayStream(headers: ReadonlyMap<string, string>): boolean {
  const type = headers.get("content-type") ?? "";
  return type !== "" && !/^\s*application\/(?:[^;]*\+)?json\b/i.test(type);
}

/** Throws a LoomError that names the fault; otherwise tells how the body is framed. */
export function checkHead(head: RequestHead, rules: HeadRules): BodyFraming {
  const { headers } = head;
  if (head.repeated !== null)
    throw new LoomError("bad_request", { message: `The header ${head.repeated} was sent twice.` });
  if (head.malformed !== null) throw new LoomError("bad_request", { message: "A header is malformed." });
  if (head.headerCount > limits.headerCountMax) {
    throw new LoomError("bad_request", { message: `More than ${limits.headerCountMax} headers were sent.` });
  }
  if (!headers.get("host")) throw new LoomError("bad_request", { message: "The Host header is missing or empty." });
  if (!methodPattern.test(head.method)) throw new LoomError("bad_request", { message: "The method is malformed." });
  if (!pathPattern.test(head.path) || pathTraps.test(head.path)) {
    throw new LoomError("bad_request", { message: "The path has characters or segments that are not allowed." });
  }
  // An upgrade that is not understood is left alone (RFC 9110, 7.8), but a WebSocket client waits for nothing else.
  if (/(?:^|[\s,])websocket(?:$|[\s,/])/i.test(headers.get("upgrade") ?? "")) {
    throw new LoomError("websocket_unsupported");
  }
  if (!/^(?:100-continue)?$/i.test(headers.get("expect") ?? "")) throw new LoomError("expectation_failed");
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) {
      throw new LoomError("bad_request", { message: "Content-Length and Transfer-Encoding were both sent." });
    }
    if (rules.chunkedRequests === "refuse") throw new LoomError("length_required");
    if (coding.toLowerCase() !== "chunked") {
      throw new LoomError("bad_request", { message: "The only Transfer-Encoding taken is chunked." });
    }
    return "chunked";
  }
  if (length === undefined) return 0;
  if (!lengthPattern.test(length))
    throw new LoomError("bad_request", { message: "The Content-Length is not a number." });
  const bytes = Number(length);
  const bytesMax = mayStream(headers) ? Math.max(rules.bodyBytesMax, rules.uploadBytesMax) : rules.bodyBytesMax;
  if (bytes > bytesMax) {
    throw new LoomError("body_too_large", {
      message: `The request body has ${bytes} bytes; at most ${bytesMax} are taken.`,
    });
  }
  return bytes;
}
