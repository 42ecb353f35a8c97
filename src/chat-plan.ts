// What a chat completion is made of: the parts of the gateway that all of them share, and the plan of one.
import type { Caller } from "./config/tenant.js";
import type { UpstreamTimeouts } from "./forward/forward.js";
import type { Pools } from "./forward/pools.js";
import type { RecordLane } from "./hand-off/unrecorded.js";
import type { LoomEvent } from "./report/events.js";
import type { ChatRequest } from "./route/read-request.js";
import type { Target } from "./route/route.js";
import type { SamplerSettings } from "./trace/trace-context.js";

/** What is on its way at the moment: sums that /metrics shows, kept by whoever adds to them. */
export type Traffic = { streams: number; requestBytes: number };

export type ChatParts = {
  readonly pools: Pools;
  readonly timeouts: UpstreamTimeouts;
  readonly waitsForBegin: boolean;
  /** null while no spans are exported. */
  readonly sampler: SamplerSettings | null;
  readonly traffic: Traffic;
  readonly emit: (event: LoomEvent) => void;
};

export type ChatPlan = {
  readonly id: string;
  readonly caller: Caller;
  readonly request: ChatRequest;
  readonly targets: readonly [Target, ...Target[]];
  readonly authenticatedAtMs: number;
  readonly lane: RecordLane;
};
