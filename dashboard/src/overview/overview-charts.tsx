// The charts of the overview, all on one axis of time.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ListTree } from "lucide-react";
import { type Scope, timeseriesQuery } from "../api/queries.js";
import type { Point } from "../api/schema.js";
import { ChartCard } from "../charts/chart-card.js";
import type { ChartSeries } from "../charts/line-chart.js";
import { formatCompact, formatCost, formatDuration } from "../format/numbers.js";
import { zoneName } from "../format/times.js";
import { searchOfMoments } from "../range/range.js";
import { useZone } from "../shell/clock.js";
import { carriedSearch, useView } from "../shell/view.js";
import { outcomes } from "../traces/outcome.js";

const groupsShown = 7;

export type OverviewChartsProps = {
  readonly scope: Scope;
  readonly points: readonly Point[];
  readonly bucketMinutes: number;
};

const percentiles = [
  { label: "p50", colour: "--series-2", read: (point: Point) => point.p50LatencyMs },
  { label: "p95", colour: "--series-3", read: (point: Point) => point.p95LatencyMs },
  { label: "p99", colour: "--series-6", read: (point: Point) => point.p99LatencyMs },
] as const;

const tokenKinds = [
  { label: "In", colour: "--series-5", read: (point: Point) => point.promptTokens - point.cachedTokens },
  { label: "In, cached", colour: "--series-2", read: (point: Point) => point.cachedTokens },
  { label: "Out", colour: "--series-1", read: (point: Point) => point.completionTokens },
] as const;

export function OverviewCharts({ scope, points, bucketMinutes }: OverviewChartsProps) {
  const { search, change } = useView();
  const [zone] = useZone();
  const models = useCostByModel(scope, bucketMinutes);
  const chart = {
    timesMs: points.map((point) => Date.parse(point.at)),
    zone,
    bucketMs: bucketMinutes * 60_000,
    onZoom: (fromMs: number, toMs: number) => change(searchOfMoments(fromMs, toMs)),
    action: (
      <Link to="/traces" search={carriedSearch(search)} className="button" data-kind="plain" data-small="">
        <ListTree size={13} />
        Traces
      </Link>
    ),
  };
  const seen = outcomes.filter(
    (outcome) => outcome === "complete" || points.some((point) => point.outcomes[outcome] > 0),
  );
  return (
    <div className="charts">
      <ChartCard
        {...chart}
        label="Requests by outcome"
        look="bars"
        format={formatCompact}
        series={seen.map((outcome) => ({
          label: outcome,
          colour: `--${outcome}`,
          values: points.map((point) => point.outcomes[outcome]),
        }))}
      />
      <ChartCard
        {...chart}
        label="Duration percentiles"
        look="lines"
        format={formatDuration}
        series={percentiles.map(({ label, colour, read }) => ({
          label,
          colour,
          // A bucket that is still filling has too few requests for a percentile.
          values: points.map((point, index) => (index === points.length - 1 && index > 2 ? null : read(point))),
        }))}
      />
      <ChartCard
        {...chart}
        label="Cost by model"
        look="bars"
        format={formatCost}
        timesMs={models.timesMs.length > 0 ? models.timesMs : chart.timesMs}
        series={models.series}
        {...(models.more > 0 && { note: `${models.more} smaller models together` })}
      />
      <ChartCard
        {...chart}
        label="Tokens"
        look="bars"
        format={formatCompact}
        series={tokenKinds.map(({ label, colour, read }) => ({ label, colour, values: points.map(read) }))}
      />
    </div>
  );
}

type CostByModel = {
  readonly timesMs: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly more: number;
};

/** At most so many lines; the others are one, and it says how many they are. */
function useCostByModel(scope: Scope, bucketMinutes: number): CostByModel {
  const [zone] = useZone();
  const wanted = { bucketMinutes, timeZone: zoneName(zone), groupBy: "model", groups: groupsShown };
  const { data } = useQuery({ ...timeseriesQuery(scope, wanted), placeholderData: keepPreviousData });
  const series = data?.series ?? [];
  return {
    timesMs: (series[0]?.points ?? []).map((point) => Date.parse(point.at)),
    series: series.map((one, at) => ({
      label: one.kind === "others" ? "others" : (one.label ?? one.group ?? "no model"),
      colour: one.kind === "others" ? "--series-rest" : `--series-${(at % 8) + 1}`,
      values: one.points.map((point) => point.estimatedCostUSD),
    })),
    more: Math.max(0, (data?.groupCount ?? 0) - groupsShown),
  };
}
