// The questions that the pages ask, as TanStack Query knows them: key, path, how long an answer stays good.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Range } from "../range/range.js";
import { ask, type QueryValue } from "./ask.js";
import { retryDelay, retryTrace } from "./retry.js";
import type {
  KeyList,
  Me,
  SessionList,
  Summary,
  Timeseries,
  Top,
  TraceBodies,
  TraceDetail,
  TraceList,
} from "./schema.js";

/** A range and a filter, which nearly every question has. */
export type Scope = { readonly range: Range; readonly q: string };

const pageRows = 100;

export function scopeQuery({ range, q }: Scope): Record<string, QueryValue> {
  return {
    from: new Date(range.fromMs).toISOString(),
    to: range.toMs === null ? null : new Date(range.toMs).toISOString(),
    q,
  };
}

function scopeKey({ range, q }: Scope): readonly unknown[] {
  return [range.fromMs, range.toMs, range.asOfMs, q];
}

export function meQuery(key: string | null) {
  return queryOptions({
    queryKey: ["me", key],
    queryFn: ({ signal }) => ask<Me>("/v1/me", { signal }),
    enabled: key !== null,
    staleTime: 30_000,
  });
}

export function tracesQuery(scope: Scope) {
  return infiniteQueryOptions({
    queryKey: ["traces", ...scopeKey(scope)],
    queryFn: ({ pageParam, signal }) =>
      ask<TraceList>("/v1/traces", { query: { ...scopeQuery(scope), limit: pageRows, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    staleTime: 300_000,
    // A page never changes; comparing the old ones with each new one costs more the further a reader scrolls.
    structuralSharing: false,
  });
}

export function traceQuery(id: string) {
  return queryOptions({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => ask<TraceDetail>(`/v1/traces/${encodeURIComponent(id)}`, { signal }),
    staleTime: 300_000,
    retry: retryTrace(id),
    retryDelay,
  });
}

/** Opening bodies is recorded, so an answer is kept as long as the page is, and asked for once. */
export function bodiesQuery(id: string) {
  return queryOptions({
    queryKey: ["bodies", id],
    queryFn: ({ signal }) => ask<TraceBodies>(`/v1/traces/${encodeURIComponent(id)}/bodies`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export function summaryQuery(scope: Scope) {
  return queryOptions({
    queryKey: ["summary", ...scopeKey(scope)],
    queryFn: ({ signal }) => ask<Summary>("/v1/analytics/summary", { query: scopeQuery(scope), signal }),
    staleTime: 60_000,
  });
}

export type SeriesWanted = {
  readonly bucketMinutes: number;
  readonly timeZone: string;
  readonly groupBy?: string;
  readonly groups?: number;
};

export function timeseriesQuery(scope: Scope, wanted: SeriesWanted) {
  return queryOptions({
    queryKey: ["timeseries", ...scopeKey(scope), wanted],
    queryFn: ({ signal }) =>
      ask<Timeseries>("/v1/analytics/timeseries", { query: { ...scopeQuery(scope), ...wanted }, signal }),
    staleTime: 60_000,
  });
}

export type TopWanted = { readonly by: string; readonly metric: string; readonly limit: number };

export function topQuery(scope: Scope, wanted: TopWanted) {
  return queryOptions({
    queryKey: ["top", ...scopeKey(scope), wanted],
    queryFn: ({ signal }) => ask<Top>("/v1/analytics/top", { query: { ...scopeQuery(scope), ...wanted }, signal }),
    staleTime: 60_000,
  });
}

export function sessionsQuery(scope: Scope) {
  return infiniteQueryOptions({
    queryKey: ["sessions", ...scopeKey(scope)],
    queryFn: ({ pageParam, signal }) =>
      ask<SessionList>("/v1/sessions", { query: { ...scopeQuery(scope), limit: 50, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    staleTime: 60_000,
  });
}

export function keysQuery(range: Range) {
  return queryOptions({
    queryKey: ["keys", range.fromMs, range.toMs, range.asOfMs],
    queryFn: ({ signal }) => ask<KeyList>("/v1/keys", { query: scopeQuery({ range, q: "" }), signal }),
    staleTime: 60_000,
  });
}

export type ModelList = { readonly data: readonly { readonly id: string; readonly owned_by?: string }[] };

export function modelsQuery() {
  return queryOptions({
    queryKey: ["models"],
    queryFn: ({ signal }) => ask<ModelList>("/v1/models", { signal }),
    staleTime: 300_000,
  });
}
