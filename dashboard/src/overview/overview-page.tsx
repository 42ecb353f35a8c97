// The overview: the figures of a time with their change, how they went over it, and who is behind them. Everything
// leads to its traces.
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useKey } from "../api/key-store.js";
import { meQuery, type Scope, summaryQuery, timeseriesQuery } from "../api/queries.js";
import type { Summary } from "../api/schema.js";
import { FilterBox } from "../filter/filter-box.js";
import { zoneName } from "../format/times.js";
import { Failure, Waiting } from "../parts/states.js";
import { bucketMinutesFor } from "../range/range.js";
import { RangePicker, ZoomOutButton } from "../range/range-picker.js";
import { FirstTrace } from "../session/first-trace.js";
import { useRange, useZone } from "../shell/clock.js";
import { PageHead, RefreshButton } from "../shell/page-head.js";
import { useView } from "../shell/view.js";
import { OverviewCharts } from "./overview-charts.js";
import { SummaryCards } from "./summary-cards.js";
import { TopList } from "./top-list.js";
import "./overview.css";

const bucketsWanted = 90;
const pollMs = 1500;

export function OverviewPage() {
  const { search, change } = useView();
  const range = useRange(search);
  const q = search.q ?? "";
  const scope: Scope = useMemo(() => ({ range, q }), [range, q]);
  const key = useKey();
  const me = useQuery({
    ...meQuery(key),
    refetchInterval: ({ state }) => (state.data?.newestTraceAt === null ? pollMs : false),
  });
  const summary = useQuery({ ...summaryQuery(scope), placeholderData: keepPreviousData });
  return (
    <>
      <PageHead title="Overview">
        <ZoomOutButton />
        <RangePicker />
        <RefreshButton />
      </PageHead>
      <div className="toolbar" data-line="">
        <FilterBox q={q} onApply={(next) => change({ q: next })} scope={scope} error={summary.error} />
      </div>
      <div className="page-body">
        {me.data?.newestTraceAt === null ? <FirstTrace /> : <OverviewBody scope={scope} summary={summary} />}
      </div>
    </>
  );
}

type OverviewBodyProps = {
  readonly scope: Scope;
  readonly summary: Pick<UseQueryResult<Summary>, "data" | "error" | "refetch">;
};

function OverviewBody({ scope, summary }: OverviewBodyProps) {
  const [zone] = useZone();
  const bucketMinutes = bucketMinutesFor(scope.range, bucketsWanted);
  const wanted = { bucketMinutes, timeZone: zoneName(zone) };
  const series = useQuery({ ...timeseriesQuery(scope, wanted), placeholderData: keepPreviousData });
  if (summary.data === undefined) {
    return summary.error === null ? (
      <Waiting />
    ) : (
      <Failure error={summary.error} onRetry={() => void summary.refetch()} />
    );
  }
  const points = series.data?.series[0]?.points ?? [];
  return (
    <div className="overview">
      <SummaryCards summary={summary.data} points={points} />
      <OverviewCharts scope={scope} points={points} bucketMinutes={series.data?.bucketMinutes ?? bucketMinutes} />
      <div className="overview-tops">
        <TopList scope={scope} by="model" metric="cost" label="Models by cost" />
        <TopList scope={scope} by="key" metric="requests" label="Keys by requests" />
        <TopList scope={scope} by="error" metric="errors" label="Errors by code" />
        <TopList scope={scope} by="user" metric="tokens" label="Users by tokens" />
      </div>
    </div>
  );
}
