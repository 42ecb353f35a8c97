// What an exchange with a provider is made of: the parts of the gateway that all of them share, and the plan of one.
import type { Caller } from "./config/tenant.js";
import type { UpstreamTimeouts } from "./forward/forward.js";
import type { Pools } from "./forward/pools.js";
import type { RecordLane } from "./hand-off/unrecorded.js";
import type { LoomEvent } from "./report/events.js";
import type { Target } from "./route/route.js";
import type { TeeOptions } from "./tee/tee.js";
import type { SamplerSettings } from "./trace/trace-context.js";
import type { AskedFor } from "./upstream-calls.js";

/** What is on its way at the moment: sums that /metrics shows, kept by whoever adds to them. */
export type Traffic = { streams: number; requestBytes: number };

export type ProviderParts = {
  readonly pools: Pools;
  readonly timeouts: UpstreamTimeouts;
  readonly waitsForBegin: boolean;
  /** What is the same for every tee. */
  readonly tee: Pick<TeeOptions, "captureBytesMax" | "keepAliveCommentsMs" | "held">;
  /** null while no spans are exported. */
  readonly sampler: SamplerSettings | null;
  readonly traffic: Traffic;
  readonly emit: (event: LoomEvent) => void;
};

export type ExchangePlan = {
  readonly id: string;
  readonly caller: Caller;
  readonly askedFor: AskedFor;
  readonly targets: readonly [Target, ...Target[]];
  readonly authenticatedAtMs: number;
  readonly lane: RecordLane;
};
