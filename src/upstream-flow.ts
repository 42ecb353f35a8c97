// Slows the provider down for as long as anybody behind it asks for that: a client that reads slowly, a lane that has
// not kept what the client already has, or too many bytes in memory altogether.
import type { Forwarding } from "./forward/forward.js";

export type FlowReason = "client" | "record" | "memory";
export type FlowState = "held" | "free";

export class UpstreamFlow {
  readonly #holds = new Set<FlowReason>();
  #forwarding: Pick<Forwarding, "pause" | "resume"> | null = null;

  attach(forwarding: Pick<Forwarding, "pause" | "resume">): void {
    this.#forwarding = forwarding;
    if (this.#holds.size > 0) forwarding.pause();
  }

  set(reason: FlowReason, state: FlowState): void {
    const wasFree = this.#holds.size === 0;
    if (state === "held") this.#holds.add(reason);
    else this.#holds.delete(reason);
    const isFree = this.#holds.size === 0;
    if (wasFree && !isFree) this.#forwarding?.pause();
    if (!wasFree && isFree) this.#forwarding?.resume();
  }
}
