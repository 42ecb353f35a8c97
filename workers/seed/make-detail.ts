// What a seeded trace says beside its columns: tries that fit its times, and the moments of its stream.
import { limits } from "../../src/limits.js";
import type { Attempt, StreamTimes } from "../../src/trace/record.js";
import { writeRowDetail } from "../../src/trace/row-detail.js";
import type { SeedRow } from "./make-row.js";
import type { SeededRandom } from "./random.js";

const kinds: Readonly<Record<string, string>> = { openai: "openai", azure: "azure-openai" };
const userAgents = ["OpenAI/JS 6.49.0", "OpenAI/Python 2.9.0", "ai-sdk/6.0.326", "curl/8.14.1"];

function attemptsOf(row: SeedRow, startedMs: number, endedMs: number): Attempt[] {
  if (row.provider === null) return [];
  const kind = kinds[row.provider] ?? "openai-compatible";
  const made = { provider: row.provider, kind, model: row.model ?? "", status: row.statusCode };
  const last = { ...made, errorCode: row.errorCode, startedMs, endedMs };
  if (row.attempts < 2) return [last];
  const turnedMs = startedMs + Math.max(0, (row.ttfbMs ?? endedMs) - startedMs) * 0.4;
  return [
    { ...made, status: 429, errorCode: "provider_rate_limited", startedMs, endedMs: turnedMs },
    { ...last, startedMs: turnedMs + 0.05 },
  ];
}

function streamOf(row: SeedRow, endedMs: number, random: SeededRandom): StreamTimes | undefined {
  if (!row.streamed || row.ttfbMs === null || row.completionTokens === null) return undefined;
  const count = Math.min(limits.arrivalTimesMax, row.completionTokens);
  const step = (endedMs - row.ttfbMs) / count;
  const [ms, bytes]: [number[], number[]] = [[], []];
  for (let at = 0; at < count; at += 1) {
    ms.push(row.ttfbMs + step * (at + (at === 0 ? 0 : random.next() * 0.8)));
    bytes.push(Math.round((row.responseBytes * (at + 1)) / count));
  }
  return { every: 1, ms, bytes };
}

const json = "content-type: application/json\n";

/** `row` has the sizes of its bodies. */
export function makeDetail(row: SeedRow, random: SeededRandom): string {
  const startedMs = row.overheadMs * 0.7;
  const endedMs = Math.max(startedMs, row.latencyMs - row.overheadMs * 0.3);
  const userAgent = userAgents[random.below(userAgents.length)] ?? "";
  const streamTimes = streamOf(row, endedMs, random);
  return writeRowDetail({
    begin: {
      authenticatedMs: startedMs * 0.3,
      admittedMs: startedMs * 0.8,
      userAgent,
      requestHeaders: `accept: application/json\n${json}`,
    },
    end: {
      outcome: row.outcome,
      attempts: attemptsOf(row, startedMs, endedMs),
      ...(streamTimes && { streamTimes }),
      ...(row.provider !== null && { answerHeaders: row.streamed ? "content-type: text/event-stream\n" : json }),
    },
  });
}
