// W3C Trace Context (https://www.w3.org/TR/trace-context-1/): what a caller's headers say, and what goes upstream. The
// ids of an exchange's own spans follow from its id, so that a replayed exchange has the same ones.
import type { RemoteParent } from "./record.js";

const traceparentForm = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const noTrace = "0".repeat(32);
const noSpan = "0".repeat(16);
/** W3C asks for at least 512 characters; a longer list is cut by nobody, so it is dropped. */
const stateCharactersMax = 512;
const sampledFlag = 1;
/** Odd, so that its multiples differ modulo 2^32. */
const stride = 0x9e37_79b1;

export type TraceContext = {
  /** 32 hex digits: the caller's, else the id's own 16 bytes. */
  readonly traceId: string;
  /** 16 hex digits, of the exchange's own span. */
  readonly spanId: string;
  readonly parent: RemoteParent | null;
};

/** Which traces are kept, before anything is known of how they end. */
export type SamplerSettings = { readonly parent: "followed" | "ignored"; readonly ratio: number };

function readParent(headers: ReadonlyMap<string, string>): (RemoteParent & { readonly traceId: string }) | null {
  const found = traceparentForm.exec(headers.get("traceparent") ?? "");
  const [, traceId = noTrace, spanId = noSpan, flags = "00"] = found ?? [];
  if (traceId === noTrace || spanId === noSpan) return null;
  const state = headers.get("tracestate");
  const isState = state !== undefined && state !== "" && state.length <= stateCharactersMax;
  return {
    traceId,
    spanId,
    isSampled: (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag,
    state: isState ? state : null,
  };
}

/** The place of an exchange in its trace; `id` is its UUIDv7. */
export function traceContextOf(id: string, headers: ReadonlyMap<string, string>): TraceContext {
  const hex = id.replaceAll("-", "");
  const given = headers.has("traceparent") ? readParent(headers) : null;
  if (given === null) return { traceId: hex, spanId: hex.slice(16), parent: null };
  const { traceId, ...parent } = given;
  return { traceId, spanId: hex.slice(16), parent };
}

/** The id of the exchange's span number `number` below its own: 1, 2, ... 16 hex digits, never its own id. */
function childSpanId(spanId: string, number: number): string {
  const low = (Number.parseInt(spanId.slice(8), 16) + Math.imul(number, stride)) >>> 0;
  return spanId.slice(0, 8) + low.toString(16).padStart(8, "0");
}

/** The span over all attempts. */
export function operationSpanId(spanId: string): string {
  return childSpanId(spanId, 1);
}

/** The span of an attempt, counted from 0. */
export function attemptSpanId(spanId: string, attempt: number): string {
  return childSpanId(spanId, 2 + attempt);
}

/** The share of a trace id in [0, 2^32), as the SDK's TraceIdRatioBasedSampler has it. */
function accumulate(traceId: string): number {
  let sum = 0;
  for (let at = 0; at < 32; at += 8) sum = (sum ^ Number.parseInt(traceId.slice(at, at + 8), 16)) >>> 0;
  return sum;
}

/** The decision at the head of a trace: the parent's, else by the trace id, so that every service decides alike. */
export function isSampled(
  { traceId, parent }: Pick<TraceContext, "traceId" | "parent">,
  sampler: SamplerSettings,
): boolean {
  if (parent !== null && sampler.parent === "followed") return parent.isSampled;
  if (sampler.ratio >= 1) return true;
  return accumulate(traceId) < Math.floor(Math.max(0, sampler.ratio) * 0xffff_ffff);
}

/**
 * The headers for an attempt on a trusted provider. Without an export (`sampler` null) Loom has no span that could be
 * a parent: the caller's own context passes. Never baggage.
 */
export function upstreamTraceHeaders(
  context: TraceContext,
  attempt: number,
  sampler: SamplerSettings | null,
): Readonly<Record<string, string>> {
  const { traceId, spanId, parent } = context;
  if (sampler === null && parent === null) return {};
  const sampled = sampler === null ? parent?.isSampled === true : isSampled(context, sampler);
  const own = sampler === null ? (parent?.spanId ?? spanId) : attemptSpanId(spanId, attempt);
  const traceparent = `00-${traceId}-${own}-${sampled ? "01" : "00"}`;
  return parent?.state ? { traceparent, tracestate: parent.state } : { traceparent };
}
