// A finished span as the SDK's processors and exporters take it, made of plain values: no tracer, no clock, no context.
import { type Attributes, type HrTime, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

export type SpanDraft = {
  readonly name: string;
  readonly kind: "server" | "client";
  readonly traceId: string;
  readonly spanId: string;
  /** null: a root. */
  readonly parent: { readonly spanId: string; readonly isRemote: boolean; readonly isSampled: boolean } | null;
  /** W3C tracestate as it came, or null. */
  readonly state: string | null;
  /** Unix ms with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** The text of an error status, or null when the span is no error. */
  readonly error: string | null;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
};

export type SpanOrigin = { readonly resource: Resource; readonly scope: ReadableSpan["instrumentationScope"] };

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;
const sampled = 1;

/** [seconds, nanoseconds], to the microsecond: more a double of unix ms does not hold. */
export function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  const micros = Math.round((ms - seconds * 1000) * 1000);
  return micros >= 1_000_000 ? [seconds + 1, 0] : [seconds, micros * 1000];
}

/** The part of the SDK's TraceState that exporters call. */
class FixedState {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  serialize(): string {
    return this.#text;
  }

  get(key: string): string | undefined {
    const entries = this.#text.split(",").map((entry) => entry.trim().split("="));
    return entries.find(([name]) => name === key)?.[1];
  }

  set(): FixedState {
    return this;
  }

  unset(): FixedState {
    return this;
  }
}

export function makeSpan(draft: SpanDraft, origin: SpanOrigin): ReadableSpan {
  const { traceId, spanId, parent, state } = draft;
  const traceState = state === null ? {} : { traceState: new FixedState(state) };
  const context = { traceId, spanId, traceFlags: sampled, ...traceState };
  const endMs = Math.max(draft.startMs, draft.endMs);
  return {
    name: draft.name,
    kind: kinds[draft.kind],
    spanContext: () => context,
    ...(parent !== null && {
      parentSpanContext: {
        traceId,
        spanId: parent.spanId,
        traceFlags: parent.isSampled ? sampled : 0,
        isRemote: parent.isRemote,
        ...traceState,
      },
    }),
    startTime: hrTimeOf(draft.startMs),
    endTime: hrTimeOf(endMs),
    duration: hrTimeOf(endMs - draft.startMs),
    status:
      draft.error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: draft.error },
    attributes: draft.attributes,
    links: [],
    events: draft.events.map(({ name, atMs }) => ({ name, time: hrTimeOf(atMs) })),
    ended: true,
    resource: origin.resource,
    instrumentationScope: origin.scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
