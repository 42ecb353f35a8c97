// The closed loop, made by autocannon. Its own percentiles are whole milliseconds, so each answer's time is kept.
import autocannon from "autocannon";
import type { ClosedLoad, ClosedResult } from "./loads.js";

/** Runs until every answer has come, or until the time-out; what is missing then counts as unanswered. */
export async function runClosedLoop(load: ClosedLoad): Promise<ClosedResult> {
  const latenciesMs = new Float64Array(load.requests);
  const statuses: Record<number, number> = {};
  let answered = 0;
  const startMs = performance.now();
  let lastMs = startMs;
  const run = autocannon({
    url: load.url,
    method: "POST",
    headers: { authorization: `Bearer ${load.key}`, "content-type": "application/json", ...load.headers },
    body: load.body,
    connections: load.connections,
    amount: load.requests,
    timeout: Math.ceil(load.timeoutMs / 1000),
    sampleInt: 50,
  });
  run.on("response", (_client, statusCode, _responseBytes, responseTimeMs) => {
    latenciesMs[answered] = responseTimeMs;
    answered += 1;
    statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
    lastMs = performance.now();
  });
  const timer = setTimeout(() => run.stop(), load.timeoutMs);
  await run;
  clearTimeout(timer);
  return {
    kind: "closed",
    latenciesMs: latenciesMs.slice(0, answered),
    elapsedMs: lastMs - startMs,
    statuses,
    unanswered: load.requests - answered,
  };
}
