// The rows of the list: pages from the API, and in live mode what has ended since, kept back while the reader scrolls.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { type Scope, tracesQuery } from "../api/queries.js";
import type { Trace } from "../api/schema.js";
import { type LiveTail, useLiveTail } from "./live-tail.js";

export type TraceListing = {
  readonly rows: readonly Trace[];
  readonly state: "waiting" | "failed" | "here";
  readonly error: unknown;
  readonly hasMore: boolean;
  readonly isFetchingMore: boolean;
  /** Whether the rows are still those of the question before. */
  readonly isOld: boolean;
  /** How far back has been looked through; null: to the begin of the range. */
  readonly searchedToMs: number | null;
  readonly more: () => void;
  readonly retry: () => void;
  readonly live: LiveTail;
};

export function useTraceList(scope: Scope, isLive: boolean, isHeld: boolean): TraceListing {
  const query = useInfiniteQuery({ ...tracesQuery(scope), placeholderData: keepPreviousData });
  const live = useLiveTail(scope.q, isLive, isHeld);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const rows = useMemo(() => {
    const fetched = data?.pages.flatMap((page) => page.data) ?? [];
    if (live.shown.length === 0) return fetched;
    const known = new Set(live.shown.map((trace) => trace.id));
    return [...live.shown, ...fetched.filter((trace) => !known.has(trace.id))];
  }, [data, live.shown]);
  const searched = data?.pages.at(-1)?.searched;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return {
    rows,
    state: query.isPending ? "waiting" : query.isError && data === undefined ? "failed" : "here",
    error: query.error,
    hasMore: hasNextPage,
    isFetchingMore: isFetchingNextPage,
    isOld: query.isPlaceholderData,
    searchedToMs: searched?.isComplete === false && searched.from !== null ? Date.parse(searched.from) : null,
    more,
    retry: () => void refetch(),
    live,
  };
}
