// Starts the lanes of a gateway with what they need of the configuration and of the ground under it.
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "./config/config.js";
import { revealAll } from "./config/secret.js";
import { type HandOff, openHandOff } from "./hand-off/hand-off.js";
import type { LoomEvent } from "./report/events.js";
import type { MetricStore } from "./report/metric-store.js";
import type { ProcessPlace } from "./supervise/messages.js";

export type LanesGround = {
  readonly databaseUrl: string;
  /** The form of LaneSettings. */
  readonly masterKeys: string;
  /** PKCS 8 PEM. */
  readonly ledgerKey: string;
  /** LOOM_CRASH_AT; null in every real run. */
  readonly crashAt: string | null;
  readonly place: ProcessPlace;
};

/** The home must be locked: what processes that are gone left in it is taken over. */
export function openLanes(
  config: Config,
  { place, ...ground }: LanesGround,
  emit: (event: LoomEvent) => void,
  metrics: MetricStore,
): HandOff {
  const { otel, log, logLevel } = config;
  const { sampler, slowMs, captureContent, traces } = otel;
  return openHandOff({
    ...ground,
    lanes: config.lanes,
    laneWorker: new URL("../workers/lane.js", import.meta.url),
    durability: config.durability,
    spoolFolder: join(config.home, "spool"),
    nodeId: hostname(),
    bootId: place.bootId,
    ...(place.adopt !== null && { adopt: place.adopt }),
    telemetry: {
      lineRatio: log.sampleRatio,
      logLevel,
      spans: traces === null ? null : { ...traces, sampler, slowMs, captureContent },
    },
    // With nothing to export, the lanes' environment stays empty.
    environment: traces === null ? {} : revealAll(otel.environment),
    onAcknowledged: (lane, ms) => metrics.observe("loom_lane_acknowledgement_seconds", [String(lane)], ms / 1000),
    emit,
  });
}
