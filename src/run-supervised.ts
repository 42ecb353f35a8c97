// The `start` command in one of several processes: waits for the supervisor's word, serves in its place, and ends on
// its word, or at once when the supervisor is gone.

import type { ProcessReport } from "./answer-for-all.js";
import type { Config } from "./config/config.js";
import { countEvent } from "./count-event.js";
import { joinGround } from "./ground.js";
import { makeLogger, openReport } from "./report/report.js";
import type { Foreground } from "./run-gateway.js";
import { type RunningGateway, startGateway } from "./start.js";
import type { FromProcess, SharedGround, ToProcess } from "./supervise/messages.js";

/** The way to the supervisor. */
export type Channel = {
  send(message: FromProcess): void;
  onMessage(listener: (message: ToProcess) => void): void;
  /** The supervisor is gone. */
  onClosed(listener: () => void): void;
};

type Stop = { readonly lingerMs: number };

/** Asks all processes through the supervisor. */
class PeerCalls {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, (reports: readonly ProcessReport[]) => void>();
  #lastId = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  ask(): Promise<readonly ProcessReport[]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#channel.send({ type: "collect", id });
    });
  }

  take(id: number, reports: readonly unknown[]): void {
    // One that has not started yet has nothing to say.
    this.#waiting.get(id)?.(reports.filter((report) => report !== null) as ProcessReport[]);
    this.#waiting.delete(id);
  }
}

/** Resolves when the gateway has stopped. Rejects when it cannot start; the supervisor has heard why then. */
export async function runSupervised(config: Config, foreground: Foreground, channel: Channel): Promise<void> {
  // What it holds is in its spool, and the next start takes that over: two gateways must not share it.
  channel.onClosed(() => foreground.endAtOnce());
  let start: (ground: SharedGround) => void = () => {};
  let stop: (how: Stop) => void = () => {};
  const started = new Promise<SharedGround>((resolve) => {
    start = resolve;
  });
  const stopAsked = new Promise<Stop>((resolve) => {
    stop = resolve;
  });
  const peers = new PeerCalls(channel);
  let gateway: RunningGateway | null = null;
  channel.onMessage((message) => {
    if (message.type === "start") start(message.ground);
    else if (message.type === "stop") stop(message);
    else if (message.type === "report")
      channel.send({ type: "reported", id: message.id, report: gateway?.describe() ?? null });
    else if (message.type === "collected") peers.take(message.id, message.reports);
  });
  const shared = await started;
  const { slot, slots } = shared.place;
  const { format } = config.log;
  const isReadable = format === "auto" ? foreground.isTerminal : format === "pretty";
  const logger = makeLogger(config.logLevel, isReadable).child({ process: slot });
  const report = openReport(logger, countEvent);
  foreground.onUnforeseen((error) => logger.error({ err: error }, "unforeseen"));
  // A terminal sends the key of its owner to all processes: the supervisor hears it too and says what to do.
  foreground.onStopSignal(() => {});
  try {
    gateway = await startGateway(config, report, {
      version: foreground.version,
      crashAt: foreground.crashAt,
      peers: { expected: slots, ask: () => peers.ask() },
      openGround: (own, ownReport, opened) => joinGround(own, ownReport, shared, opened),
    });
  } catch (error) {
    channel.send({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
  const { url, frontEnd } = gateway;
  channel.send({ type: "ready", url, frontEnd });
  const { lingerMs } = await stopAsked;
  await gateway.stop(lingerMs);
  logger.info(report.counters, "stopped");
}
