// Steady mixed load on a gateway that comes and goes: some senders, each with one exchange at a time.
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientNote, FaultClient } from "./client.js";
import { type ExchangePlan, makePlan } from "./plan.js";
import { Chance } from "./random.js";

/** Where the gateway is now; null while there is none. */
export type Door = { readonly url: string; readonly key: string };

export type LoadOptions = {
  readonly client: FaultClient;
  readonly seed: number;
  readonly senders: number;
  readonly door: () => Door | null;
  readonly changed?: Partial<ExchangePlan> | ((chance: Chance) => Partial<ExchangePlan>);
  /** Pause of a sender between two exchanges. */
  readonly pauseMs?: number;
};

const refusedPauseMs = 25;
/** The same load must not have two exchanges of one id, however many loads a scenario starts. */
let loads = 0;

export class Load {
  readonly #options: LoadOptions;
  readonly #name: string;
  #state: "running" | "stopped" = "running";
  #next = 0;
  readonly #senders: Promise<void>[];

  constructor(options: LoadOptions) {
    this.#options = options;
    loads += 1;
    this.#name = `${options.seed.toString(36)}-${loads}`;
    this.#senders = Array.from({ length: options.senders }, () => this.#run());
  }

  /** Exchanges begun so far. */
  get begun(): number {
    return this.#next;
  }

  /** No new exchange; resolves when the open ones have ended. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await Promise.all(this.#senders);
  }

  async #run(): Promise<void> {
    const { client, door, seed, changed, pauseMs = 0 } = this.#options;
    while (this.#state === "running") {
      const now = door();
      if (now === null) {
        await sleep(5);
        continue;
      }
      this.#next += 1;
      const chance = new Chance(seed + this.#next * 0x9e37);
      const change = typeof changed === "function" ? changed(chance) : changed;
      const note = await client.send(now.url, now.key, makePlan(`${this.#name}-${this.#next}`, chance, change));
      if (isTurnedAway(note)) await sleep(refusedPauseMs);
      else if (pauseMs > 0) await sleep(pauseMs);
    }
  }
}

function isTurnedAway({ end }: ClientNote): boolean {
  return end === "unsent" || end === "failed" || end === "refused";
}
