// The end of a listener: no new connections, and time for the exchanges that are open.
import { setTimeout as sleep } from "node:timers/promises";
import type { Listener } from "./listen/listen.js";

const drainPollMs = 20;

/** Stops listening and lets open exchanges end up to the deadline; what is open then is cut. */
export async function drain(listener: Listener, timeoutMs: number): Promise<void> {
  listener.stop();
  const deadline = performance.now() + timeoutMs;
  while (listener.open > 0 && performance.now() < deadline) await sleep(drainPollMs);
  listener.close();
}
