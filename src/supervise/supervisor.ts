// Several gateway processes on one port: started one after the other, started again when one dies, replaced one by
// one on demand, and asked together for one answer. Knows nothing of what a gateway does.
import type { LoomEvent } from "../report/events.js";
import { Collector } from "./collector.js";
import type { GatewayProcess, ReadyProcess } from "./gateway-process.js";
import type { FromProcess } from "./messages.js";
import { RestartDelay } from "./restart-delay.js";

export type SupervisorOptions = {
  readonly slots: number;
  readonly spawn: (slot: number, onMessage: (message: FromProcess) => void) => GatewayProcess;
  /** How long a process may take to stop before it is killed. */
  readonly stopDeadlineMs: number;
  /** How long a process that is replaced goes on for connections that are idle. */
  readonly lingerMs: number;
  readonly emit: (event: LoomEvent) => void;
};

type Slot = {
  readonly number: number;
  readonly delay: RestartDelay;
  current: GatewayProcess | null;
  timer: NodeJS.Timeout | null;
};

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  readonly #collector: Collector;
  /** Also those that start, and those that stop. */
  readonly #living = new Set<GatewayProcess>();
  #state: "running" | "rolling" | "stopping" = "running";

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.slots }, (_, number) => ({
      number,
      delay: new RestartDelay(),
      current: null,
      timer: null,
    }));
    this.#collector = new Collector(() => this.#slots.flatMap(({ current }) => current ?? []));
  }

  /** Resolves when every process serves. Rejects with the message of the first that cannot; the others are stopped then. */
  async start(): Promise<ReadyProcess> {
    const [first, ...others] = this.#slots;
    if (first === undefined) throw new Error("there is no process to start");
    try {
      // What is wrong with all of them is said once.
      const ready = await this.#fill(first);
      await Promise.all(others.map((slot) => this.#fill(slot)));
      return ready;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Replaces every process by a fresh one, one after the other: the new one serves before the old one stops. */
  async roll(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "rolling";
    const { lingerMs, stopDeadlineMs, emit } = this.#options;
    try {
      for (const slot of this.#slots) {
        if (this.#isStopping) return;
        const old = slot.current;
        await this.#fill(slot);
        await old?.stop(lingerMs, stopDeadlineMs + lingerMs);
      }
      emit({ name: "processes_replaced", processes: this.#slots.length });
    } catch (error) {
      emit({ name: "process_failed", reason: error instanceof Error ? error.message : String(error) });
    } finally {
      if (!this.#isStopping) this.#state = "running";
    }
  }

  async stop(): Promise<void> {
    this.#state = "stopping";
    for (const { timer } of this.#slots) if (timer !== null) clearTimeout(timer);
    const { stopDeadlineMs } = this.#options;
    await Promise.all([...this.#living].map((process) => process.stop(0, stopDeadlineMs)));
  }

  /** At once, without an order. */
  kill(): void {
    for (const process of this.#living) process.kill();
  }

  get #isStopping(): boolean {
    return this.#state === "stopping";
  }

  /** Rejects when the process ends, or says that it cannot start, before it serves; the slot is as before then. */
  #fill(slot: Slot): Promise<ReadyProcess> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      let failure: string | null = null;
      const next = this.#options.spawn(slot.number, (message) => {
        if (message.type === "ready") {
          slot.current = next;
          resolve(message);
        } else if (message.type === "failed") failure = message.message;
        else this.#collector.take(next, message);
      });
      this.#living.add(next);
      void next.exited.then(({ code, signal }) => {
        this.#living.delete(next);
        // Only matters to somebody who still waits for it.
        reject(new Error(failure ?? `a gateway process ended at its start (${signal ?? `exit code ${code}`})`));
        if (slot.current === next) this.#onDeath(slot, performance.now() - startedAt, signal ?? `exit code ${code}`);
      });
    });
  }

  #onDeath(slot: Slot, livedMs: number, reason: string): void {
    slot.current = null;
    if (this.#isStopping) return;
    this.#options.emit({ name: "process_died", slot: slot.number, reason });
    this.#restart(slot, slot.delay.next(livedMs));
  }

  #restart(slot: Slot, delayMs: number): void {
    slot.timer = setTimeout(() => {
      this.#fill(slot).catch((error: Error) => {
        if (this.#isStopping) return;
        this.#options.emit({ name: "process_failed", reason: error.message });
        this.#restart(slot, slot.delay.next(0));
      });
    }, delayMs);
  }
}
