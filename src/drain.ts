// The end of a listener: no new connections, and time for the exchanges that are open.
import { setTimeout as sleep } from "node:timers/promises";
import type { Listener } from "./listen/listen.js";

const drainPollMs = 20;

/**
 * Stops listening and lets open exchanges end up to the deadline; what is open then is cut. Idle connections have
 * `lingerMs` for one more request, whose answer tells the client to open another connection.
 */
export async function drain(listener: Listener, timeoutMs: number, lingerMs: number): Promise<void> {
  const startedAt = performance.now();
  await listener.stop();
  const isOver = (ms: number) => performance.now() - startedAt >= ms;
  while (listener.open > 0 && !isOver(timeoutMs)) await sleep(drainPollMs);
  while (listener.connections > 0 && !isOver(lingerMs)) await sleep(drainPollMs);
  while (listener.open > 0 && !isOver(timeoutMs)) await sleep(drainPollMs);
  listener.close();
}
