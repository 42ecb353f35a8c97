// The part of autocannon 8 that the bench uses; the package has no types of its own.
declare module "autocannon" {
  export type Options = {
    readonly url: string;
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly connections: number;
    /** The run ends when so many responses have arrived. */
    readonly amount: number;
    /** Seconds without an answer before a request counts as timed out. */
    readonly timeout: number;
    /** Between two looks whether the run is over, ms. */
    readonly sampleInt: number;
  };
  export type Summary = { readonly errors: number; readonly timeouts: number; readonly resets: number };
  export type Run = PromiseLike<Summary> & {
    on(
      event: "response",
      listener: (client: unknown, statusCode: number, responseBytes: number, responseTimeMs: number) => void,
    ): void;
    stop(): void;
  };
  const autocannon: (options: Options) => Run;
  // What the package itself offers.
  export default autocannon;
}
