// What the table of error codes says of each.

/** Who caused an error: the client side, the provider side, or Loom itself. */
export type ErrorSource = "downstream" | "upstream" | "internal";

export type CodeEntry = {
  readonly status: number;
  /** The `type` of the OpenAI error shape. */
  readonly type: string;
  readonly source: ErrorSource;
  /** Whether the same request may succeed when sent again unchanged. */
  readonly retryable: boolean;
  /** Default text; a `LoomError` may carry a more exact one. */
  readonly message: string;
};
