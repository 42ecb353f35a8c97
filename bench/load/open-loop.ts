// The open loop: requests leave when they are due, not when earlier ones have been answered. Latency counts from the
// due time, so that a target which stands still for a second shows a second in many samples and not in one per
// connection (coordinated omission).
import { Connection, formRequest, joinRequest } from "./connection.js";
import type { OpenLoad, OpenResult } from "./loads.js";
import { nowMs, Pacer } from "./pacer.js";

/** Connections that exist before the first request is due, so that its time does not hold a handshake. */
const connectionsFirst = 32;
const pollMs = 5;

class OpenLoop {
  readonly latenciesMs: Float64Array;
  readonly latenessMs: Float64Array;
  readonly statuses: Record<number, number> = {};
  answered = 0;
  sent = 0;
  broken = 0;
  lastMs = 0;
  readonly #load: OpenLoad;
  readonly #form;
  readonly #request: Buffer;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();
  /** Due times for which no connection is free. */
  readonly #waiting: number[] = [];
  #waitingAt = 0;

  constructor(load: OpenLoad, offered: number) {
    this.#load = load;
    this.#form = formRequest(load.url, load.body, load.headers);
    this.#request = joinRequest(this.#form, load.key);
    this.latenciesMs = new Float64Array(offered);
    this.latenessMs = new Float64Array(offered);
    for (let at = 0; at < Math.min(connectionsFirst, load.connectionsMax); at += 1) this.#idle.push(this.#connect());
  }

  get connections(): number {
    return this.#open.size;
  }

  onDue(dueMs: number): void {
    const free = this.#idle.pop() ?? (this.#open.size < this.#load.connectionsMax ? this.#connect() : null);
    if (free === null) this.#waiting.push(dueMs);
    else this.#send(free, dueMs);
  }

  close(): void {
    for (const connection of this.#open) connection.close();
  }

  #send(connection: Connection, dueMs: number): void {
    connection.dueMs = dueMs;
    this.latenessMs[this.sent] = Math.max(0, nowMs() - dueMs);
    this.sent += 1;
    connection.send(this.#request);
  }

  #connect(): Connection {
    const connection = new Connection(this.#form, {
      onAnswer: (one, status) => this.#count(one, status),
      onEnd: (one, wasBusy) => this.#drop(one, wasBusy),
    });
    this.#open.add(connection);
    return connection;
  }

  #count(connection: Connection, status: number): void {
    this.lastMs = nowMs();
    this.latenciesMs[this.answered] = this.lastMs - connection.dueMs;
    this.answered += 1;
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    const dueMs = this.#waiting[this.#waitingAt];
    if (dueMs === undefined) {
      this.#idle.push(connection);
      return;
    }
    this.#waitingAt += 1;
    this.#send(connection, dueMs);
  }

  #drop(connection: Connection, wasBusy: boolean): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (wasBusy) this.broken += 1;
  }
}

/** Runs for `durationMs`, then waits for what is open; what is missing after `timeoutMs` counts as unanswered. */
export async function runOpenLoop(load: OpenLoad, pacerEntry?: URL): Promise<OpenResult> {
  const offered = Math.max(1, Math.round((load.perSecond * load.durationMs) / 1000));
  const loop = new OpenLoop(load, offered);
  const pacer = new Pacer(load.perSecond, offered, (dueMs) => loop.onDue(dueMs), pacerEntry);
  const endMs = pacer.startMs + load.durationMs + load.timeoutMs;
  while (loop.answered + loop.broken < offered && nowMs() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  await pacer.stop();
  const { connections } = loop;
  loop.close();
  return {
    kind: "open",
    latenciesMs: loop.latenciesMs.slice(0, loop.answered),
    latenessMs: loop.latenessMs.slice(0, loop.sent),
    offered,
    elapsedMs: Math.max(0, loop.lastMs - pacer.startMs),
    statuses: loop.statuses,
    unanswered: offered - loop.answered,
    broken: loop.broken,
    connections,
  };
}
