// The one error class. What a code means is in codes.ts; what a client is told is made in error-reply.ts.
import { codes, type ErrorSource, type LoomErrorCode } from "./codes.js";

export class LoomError extends Error {
  readonly code: LoomErrorCode;
  /** The request field at fault, as the OpenAI error shape names it. */
  readonly param: string | null;

  constructor(code: LoomErrorCode, options: { message?: string; param?: string; cause?: unknown } = {}) {
    super(options.message ?? codes[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LoomError";
    this.code = code;
    this.param = options.param ?? null;
  }

  get status(): number {
    return codes[this.code].status;
  }

  get source(): ErrorSource {
    return codes[this.code].source;
  }

  get retryable(): boolean {
    return codes[this.code].retryable;
  }
}
