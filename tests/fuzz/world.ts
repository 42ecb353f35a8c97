// What the fuzzer plays in: a port to send to, the keys of two tenants, and how it is judged in the end.
import type { HostileProvider } from "./hostile-provider.js";

export type FuzzWorld = {
  readonly port: number;
  readonly keys: readonly [string, string];
  readonly provider: HostileProvider;
  readonly isAlive: () => boolean;
  readonly rssBytes: () => number;
  /** Ends it; gives figures for the report, and everything that is wrong with what it left behind. */
  finish(): Promise<{ readonly figures: Readonly<Record<string, number>>; readonly faults: readonly string[] }>;
  close(): Promise<void>;
};

/** Short, so that a case in which both sides wait ends soon. */
export const fuzzTimes = {
  bodyTimeoutMs: 400,
  writeTimeoutMs: 1000,
  exchangeTimeoutMs: 5000,
  connectTimeoutMs: 1000,
  firstByteTimeoutMs: 1000,
  idleTimeoutMs: 600,
  totalTimeoutMs: 3000,
} as const;
