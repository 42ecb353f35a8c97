import { ROOT_CONTEXT } from "@opentelemetry/api";
import { SamplingDecision, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attemptSpanId,
  isSampled,
  operationSpanId,
  traceContextOf,
  upstreamTraceHeaders,
} from "../../../../src/trace/trace-context.js";

const id = "0190a1b2-c3d4-7ef0-8def-0123456789ab";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const headers = (given: Record<string, string>) => new Map(Object.entries(given));
const sent = (flags: string) => ({ traceparent: `00-${traceId}-${spanId}-${flags}` });
const all = { parent: "followed", ratio: 1 } as const;

describe("the trace context of an exchange", () => {
  it("is the id's own bytes without a caller's", () => {
    expect(traceContextOf(id, headers({}))).toEqual({
      traceId: "0190a1b2c3d47ef08def0123456789ab",
      spanId: "8def0123456789ab",
      parent: null,
    });
  });

  it("goes on with the caller's trace, its decision and its tracestate", () => {
    const context = traceContextOf(id, headers({ ...sent("01"), tracestate: "a=1,b=2" }));
    expect(context).toEqual({
      traceId,
      spanId: "8def0123456789ab",
      parent: { spanId, isSampled: true, state: "a=1,b=2" },
    });
    expect(traceContextOf(id, headers(sent("00"))).parent).toEqual({ spanId, isSampled: false, state: null });
    expect(traceContextOf(id, headers({ traceparent: `cc-${traceId}-${spanId}-01-more` })).traceId).toBe(traceId);
  });

  it.each([
    "",
    "00-xyz",
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01x`,
  ])("takes %j for none", (traceparent) => {
    expect(traceContextOf(id, headers({ traceparent, tracestate: "a=1" })).parent).toBe(null);
  });

  it("gives every span of an exchange an id of its own, the same at every replay", () => {
    const ids = [
      operationSpanId("8def0123ffffffff"),
      ...[0, 1, 2, 30].map((n) => attemptSpanId("8def0123ffffffff", n)),
    ];
    expect(new Set([...ids, "8def0123ffffffff"]).size).toBe(6);
    for (const one of ids) expect(one).toMatch(/^8def0123[0-9a-f]{8}$/);
    expect(operationSpanId(spanId)).toBe(operationSpanId(spanId));
  });
});

describe("the decision at the head of a trace", () => {
  it("is the parent's unless the sampler ignores it", () => {
    const parent = { spanId, isSampled: false, state: null };
    expect(isSampled({ traceId, parent }, all)).toBe(false);
    expect(isSampled({ traceId, parent }, { parent: "ignored", ratio: 1 })).toBe(true);
    expect(isSampled({ traceId, parent: { ...parent, isSampled: true } }, { parent: "followed", ratio: 0 })).toBe(true);
  });

  it("is that of the SDK's own ratio sampler for every trace id and ratio", () => {
    const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(hex, fc.double({ min: 0, max: 1, noNaN: true }), (any, ratio) => {
        fc.pre(!/^0+$/.test(any));
        const { decision } = new TraceIdRatioBasedSampler(ratio).shouldSample(ROOT_CONTEXT, any);
        const own = isSampled({ traceId: any, parent: null }, { parent: "followed", ratio });
        expect(own).toBe(decision === SamplingDecision.RECORD_AND_SAMPLED);
      }),
    );
  });
});

describe("what a trusted provider gets", () => {
  const context = traceContextOf(id, headers({ ...sent("01"), tracestate: "a=1", baggage: "k=v" }));

  it("is the attempt's span as parent, the tracestate, and no baggage", () => {
    expect(upstreamTraceHeaders(context, 1, all)).toEqual({
      traceparent: `00-${traceId}-${attemptSpanId("8def0123456789ab", 1)}-01`,
      tracestate: "a=1",
    });
    const own = traceContextOf(id, headers({}));
    expect(upstreamTraceHeaders(own, 0, { parent: "followed", ratio: 0 })).toEqual({
      traceparent: `00-${own.traceId}-${attemptSpanId(own.spanId, 0)}-00`,
    });
  });

  it("is the caller's own context, or nothing, while Loom exports no span that could be its parent", () => {
    expect(upstreamTraceHeaders(context, 0, null)).toEqual({ ...sent("01"), tracestate: "a=1" });
    expect(upstreamTraceHeaders(traceContextOf(id, headers({})), 0, null)).toEqual({});
  });
});
