// The figures of a time, each with its change against the time before and a small line. Each leads to its traces.
import { Link } from "@tanstack/react-router";
import type { Figures, Point, Summary } from "../api/schema.js";
import { Sparkline } from "../charts/sparkline.js";
import { addTerm } from "../filter/filter-language.js";
import { formatChange, formatCompact, formatCost, formatDuration, formatShare, type Maybe } from "../format/numbers.js";
import { carriedSearch, readSearch, useView } from "../shell/view.js";

type CardKind = {
  readonly name: string;
  readonly read: (figures: Figures) => number | null;
  readonly format: (value: Maybe) => string;
  /** Whether more of it is better, worse, or neither. */
  readonly more: "good" | "bad" | "neither";
  readonly note?: (figures: Figures) => string | null;
  /** A term of the filter that shows its traces. */
  readonly term?: (figures: Figures) => string | null;
};

const slow = (ms: number | null): string | null => (ms === null ? null : `latency:>${Math.floor(ms)}ms`);

const cards: readonly CardKind[] = [
  { name: "Requests", read: (one) => one.totalRequests, format: formatCompact, more: "neither" },
  {
    name: "Error rate",
    read: (one) => one.errorRate,
    format: formatShare,
    more: "bad",
    term: () => "outcome:error,truncated,interrupted,refused",
  },
  {
    name: "Duration p50",
    read: (one) => one.p50LatencyMs,
    format: formatDuration,
    more: "bad",
    term: (one) => slow(one.p50LatencyMs),
  },
  {
    name: "Duration p95",
    read: (one) => one.p95LatencyMs,
    format: formatDuration,
    more: "bad",
    term: (one) => slow(one.p95LatencyMs),
  },
  {
    name: "Duration p99",
    read: (one) => one.p99LatencyMs,
    format: formatDuration,
    more: "bad",
    term: (one) => slow(one.p99LatencyMs),
  },
  {
    name: "First byte p95",
    read: (one) => one.p95TtfbMs,
    format: formatDuration,
    more: "bad",
    term: () => "streamed:true",
  },
  {
    name: "Tokens",
    read: (one) => one.totalTokens,
    format: formatCompact,
    more: "neither",
    note: (one) => `${formatCompact(one.promptTokens)} in, ${formatCompact(one.completionTokens)} out`,
  },
  {
    name: "Cost",
    read: (one) => one.estimatedCostUSD,
    format: formatCost,
    more: "bad",
    note: (one) => (one.unpricedRequests > 0 ? `and ${formatCompact(one.unpricedRequests)} unpriced` : null),
    term: () => "cost:>0",
  },
  {
    name: "Prompt from cache",
    read: (one) => (one.promptTokens > 0 ? one.cachedTokens / one.promptTokens : null),
    format: formatShare,
    more: "good",
  },
  {
    name: "Loom's share",
    read: (one) => one.avgOverheadMs,
    format: formatDuration,
    more: "bad",
    note: () => "on average",
  },
];

export function SummaryCards({ summary, points }: { readonly summary: Summary; readonly points: readonly Point[] }) {
  return (
    <div className="cards">
      {cards.map((card) => (
        <SummaryCard key={card.name} card={card} summary={summary} points={points} />
      ))}
    </div>
  );
}

type SummaryCardProps = { readonly card: CardKind; readonly summary: Summary; readonly points: readonly Point[] };

function SummaryCard({ card, summary, points }: SummaryCardProps) {
  const { search } = useView();
  const value = card.read(summary);
  const change = formatChange(value, card.read(summary.previous));
  const isMore = change?.startsWith("−") === false && change !== "±0 %";
  const isLess = change?.startsWith("−") === true;
  const isWorse = (card.more === "bad" && isMore) || (card.more === "good" && isLess);
  const isBetter = (card.more === "bad" && isLess) || (card.more === "good" && isMore);
  const term = card.term?.(summary) ?? null;
  const q = term === null ? search.q : addTerm(search.q ?? "", term);
  // The last bucket is still filling.
  const whole = points.length > 3 ? points.slice(0, -1) : points;
  const note = card.note?.(summary) ?? null;
  return (
    <Link to="/traces" search={readSearch({ ...carriedSearch(search), q })} className="figure">
      <span className="figure-name">{card.name}</span>
      <span className="figure-value number">{card.format(value)}</span>
      <span className="figure-more number">
        {change === null ? null : (
          <span
            data-tone={isWorse ? "bad" : isBetter ? "good" : undefined}
            title={`before: ${card.format(card.read(summary.previous))}`}
          >
            {change}
          </span>
        )}
        {note === null ? null : <span className="cut">{note}</span>}
      </span>
      <Sparkline values={whole.map(card.read)} />
    </Link>
  );
}
