// The one error class. What a code means is in codes.ts; what a client is told is made in error-reply.ts.
import type { ErrorSource } from "./code-entry.js";
import { codes, type LoomErrorCode } from "./codes.js";

export type FaultPosition = { readonly start: number; readonly end: number };

export class LoomError extends Error {
  readonly code: LoomErrorCode;
  /** The request field at fault, as the OpenAI error shape names it. */
  readonly param: string | null;
  /** Where in that field's text the fault is, in UTF-16 units. */
  readonly position: FaultPosition | null;

  constructor(
    code: LoomErrorCode,
    options: { message?: string; param?: string; position?: FaultPosition; cause?: unknown } = {},
  ) {
    super(options.message ?? codes[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LoomError";
    this.code = code;
    this.param = options.param ?? null;
    this.position = options.position ?? null;
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
