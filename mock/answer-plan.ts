// What the mock provider will put on the wire, decided before any byte of it is written: pure descriptions that
// answer-chat.ts makes and play-answer.ts carries out.

export type AnswerStep =
  | { readonly kind: "write"; readonly bytes: Buffer }
  /** What was written leaves now; 0 only ends the network piece. */
  | { readonly kind: "pause"; readonly ms: number }
  /** Waits for the kernel to take what was written, then breaks the connection. Nothing follows. */
  | { readonly kind: "destroy" };

/** `chunked` is HTTP's chunked coding, `close` ends the body by the connection's end, a number is its Content-Length. */
export type BodyFraming = "chunked" | "close" | number;

/** Header names and values in turn, as they are written. */
export type HeaderLines = readonly string[];

export type AnswerPlan =
  | {
      readonly kind: "whole";
      readonly delayMs: number;
      readonly status: number;
      readonly headers: HeaderLines;
      readonly body: Buffer;
    }
  | {
      readonly kind: "steps";
      readonly delayMs: number;
      readonly status: number;
      readonly headers: HeaderLines;
      readonly framing: BodyFraming;
      readonly steps: Iterable<AnswerStep>;
    }
  /** Breaks the connection before any byte. */
  | { readonly kind: "destroy"; readonly delayMs: number }
  /** Never answers; the connection stays open until the client or the server closes it. */
  | { readonly kind: "hang" };
