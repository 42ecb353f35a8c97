// A closed loop in which every request bears another client key, as a gateway with many tenants sees them.
import { Connection, formRequest, joinRequest } from "./connection.js";
import type { ClosedResult, KeyedLoad } from "./loads.js";
import { nowMs } from "./pacer.js";

/** Runs until every answer has come, or until the time-out; what is missing then counts as unanswered. */
export function runKeyedLoop(load: KeyedLoad): Promise<ClosedResult> {
  const form = formRequest(load.url, load.body, load.headers);
  const latenciesMs = new Float64Array(load.requests);
  const statuses: Record<number, number> = {};
  const open = new Set<Connection>();
  const startMs = nowMs();
  let lastMs = startMs;
  let sent = 0;
  let answered = 0;
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      for (const connection of open) connection.close();
      open.clear();
      const elapsedMs = lastMs - startMs;
      const unanswered = load.requests - answered;
      resolve({ kind: "closed", latenciesMs: latenciesMs.slice(0, answered), elapsedMs, statuses, unanswered });
    };
    const timer = setTimeout(finish, load.timeoutMs);
    const next = (connection: Connection): void => {
      if (sent >= load.requests) return;
      const request = joinRequest(form, load.keys[sent % load.keys.length] ?? load.key);
      sent += 1;
      connection.dueMs = nowMs();
      connection.send(request);
    };
    const onAnswer = (connection: Connection, status: number): void => {
      lastMs = nowMs();
      latenciesMs[answered] = lastMs - connection.dueMs;
      answered += 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (answered === load.requests) finish();
      else next(connection);
    };
    const onEnd = (connection: Connection): void => {
      open.delete(connection);
      if (open.size === 0) finish();
    };
    for (let at = 0; at < Math.min(load.connections, load.requests); at += 1) {
      const connection = new Connection(form, { onAnswer, onEnd });
      open.add(connection);
      next(connection);
    }
  });
}
