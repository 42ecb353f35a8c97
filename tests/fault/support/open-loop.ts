// Load that does not wait: each exchange is sent when it is due, whatever became of those before it. Times count from
// when it was due, so that nothing is hidden by a client that came late.
import { nowMs, Pacer } from "../../../bench/load/pacer.js";
import type { ClientNote, FaultClient } from "./client.js";
import type { Door } from "./load.js";
import type { ExchangePlan } from "./plan.js";

export type OpenLoopOptions = {
  readonly client: FaultClient;
  readonly door: Door;
  readonly perSecond: number;
  readonly seconds: number;
  readonly makePlan: (index: number) => ExchangePlan;
};

/** An exchange with its times in ms since the first was due. */
export type Offered = {
  readonly note: ClientNote;
  readonly dueMs: number;
  /** From when it was due to its end. */
  readonly tookMs: number;
  /** When it ended. */
  readonly endMs: number;
};

const pacerThread = new URL("../../../dist/bench/load/pacer-thread.js", import.meta.url);

/** Resolves when all have been sent and have ended. */
export async function offer({ client, door, perSecond, seconds, makePlan }: OpenLoopOptions): Promise<Offered[]> {
  const total = Math.round(perSecond * seconds);
  const sending: Promise<Offered>[] = [];
  // The pacer's clock is another one than that of the notes.
  const clockMs = performance.now() - nowMs();
  await new Promise<void>((resolve) => {
    const pacer = new Pacer(
      perSecond,
      total,
      (pacedMs) => {
        const dueMs = pacedMs - pacer.startMs;
        const sent = client.send(door.url, door.key, makePlan(sending.length));
        sending.push(
          sent.then((note) => {
            const endMs = note.endedAtMs - clockMs - pacer.startMs;
            return { note, dueMs, endMs, tookMs: endMs - dueMs };
          }),
        );
        if (sending.length === total) void pacer.stop().then(resolve);
      },
      pacerThread,
    );
  });
  return Promise.all(sending);
}

/** In them connections are made, and the first answers are on their way. */
const secondsLeftOut = 2;

export type Summary = {
  /** Whole answers a second, in the time in which exchanges were due, without the first two seconds. */
  readonly goodput: number;
  /** The same, second by second. */
  readonly bySecond: readonly number[];
  readonly whole: number;
  /** How many of those that were due in each second were refused. */
  readonly refusedBySecond: readonly number[];
  /** Refusals by `status code retry-after`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Ended in any other way. */
  readonly others: readonly string[];
  /** Of whole answers. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refusedP99Ms: number;
};

export function sumUp(offered: readonly Offered[], seconds: number): Summary {
  const whole = offered.filter(({ note }) => note.end === "whole");
  const bySecond = Array.from({ length: seconds }, () => 0);
  for (const { endMs } of whole) {
    const second = Math.floor(endMs / 1000);
    if (second < seconds) bySecond[second] = (bySecond[second] ?? 0) + 1;
  }
  const refused: Record<string, number> = {};
  const refusedBySecond = bySecond.map(() => 0);
  for (const { note, dueMs } of offered) {
    if (note.end !== "refused") continue;
    const second = Math.floor(dueMs / 1000);
    refusedBySecond[second] = (refusedBySecond[second] ?? 0) + 1;
    const what = `${note.status} ${note.errorCode} ${note.retryAfter}`;
    refused[what] = (refused[what] ?? 0) + 1;
  }
  const steady = bySecond.slice(secondsLeftOut);
  return {
    goodput: steady.reduce((sum, count) => sum + count, 0) / steady.length,
    bySecond,
    whole: whole.length,
    refusedBySecond,
    refused,
    others: offered.flatMap(({ note }) => (note.end === "whole" || note.end === "refused" ? [] : String(note.end))),
    p50Ms: percentile(whole, 0.5),
    p99Ms: percentile(whole, 0.99),
    refusedP99Ms: percentile(
      offered.filter(({ note }) => note.end === "refused"),
      0.99,
    ),
  };
}

function percentile(offered: readonly Offered[], share: number): number {
  const sorted = offered.map(({ tookMs }) => tookMs).sort((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
