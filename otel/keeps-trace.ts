// Whether an exchange is exported, decided when everything about it is known: the sampler's word first, and errors and
// slow exchanges whatever it says.
import type { SpanSettings } from "../src/trace/lane-messages.js";
import type { FinishedExchange, Outcome } from "../src/trace/record.js";
import { isSampled } from "../src/trace/trace-context.js";

/** Outcomes that somebody will want to look at. A refusal is one when it is Loom's own fault. */
const failures: ReadonlySet<Outcome> = new Set(["error", "truncated", "interrupted"]);

export function keepsTrace({ begin, end }: FinishedExchange, outcome: Outcome, settings: SpanSettings): boolean {
  if (failures.has(outcome) || end.statusCode >= 500 || end.latencyMs >= settings.slowMs) return true;
  return isSampled({ traceId: begin.traceId, parent: begin.parent ?? null }, settings.sampler);
}
