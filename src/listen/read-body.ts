// Reads a request body whole from uWebSockets.js. Chunks die when their callback returns, so each is copied once,
// into its final place where the length is known.
import type { HttpResponse } from "uWebSockets.js";
import { LoomError } from "../errors/loom-error.js";
import type { BodyFraming } from "./check-head.js";

const empty = Buffer.alloc(0);

/**
 * Must be called synchronously in the request handler. Calls exactly one of the two, at most once, and neither
 * when the client leaves first.
 */
export function readBody(
  res: HttpResponse,
  framing: BodyFraming,
  bodyBytesMax: number,
  onBody: (body: Buffer) => void,
  onFault: (error: LoomError) => void,
): void {
  let state: "reading" | "done" = "reading";
  let parts: Buffer[] = [];
  let whole: Buffer | null = typeof framing === "number" && framing > 0 ? null : empty;
  let bytes = 0;
  // The addon may call this again after an answer was given, hence the state.
  res.onData((chunk, isLast) => {
    if (state === "done") return;
    if (chunk.byteLength > 0) {
      bytes += chunk.byteLength;
      if (bytes > bodyBytesMax) {
        state = "done";
        parts = [];
        onFault(new LoomError("body_too_large", { message: `The request body is larger than ${bodyBytesMax} bytes.` }));
        return;
      }
      if (framing === "chunked") {
        parts.push(Buffer.from(Buffer.from(chunk)));
      } else if (isLast && bytes === chunk.byteLength) {
        whole = Buffer.from(Buffer.from(chunk));
      } else {
        whole ??= Buffer.allocUnsafeSlow(framing);
        if (bytes <= framing) whole.set(new Uint8Array(chunk), bytes - chunk.byteLength);
      }
    }
    if (!isLast) return;
    state = "done";
    if (framing === "chunked") onBody(Buffer.concat(parts));
    else if (bytes !== framing)
      onFault(new LoomError("bad_request", { message: "The body does not have its Content-Length." }));
    else onBody(whole ?? empty);
  });
}
