// One trace, in the panel and on its page: what it was in a line, what can be done with it, and its tabs.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { traceQuery } from "../api/queries.js";
import type { TraceDetail } from "../api/schema.js";
import { formatCost, formatCount, formatDuration } from "../format/numbers.js";
import { formatAgo, formatTime } from "../format/times.js";
import { Failure, Waiting } from "../parts/states.js";
import { Tabs } from "../parts/tabs.js";
import { useZone } from "../shell/clock.js";
import { useView } from "../shell/view.js";
import { keyLabel, servedModel, tokensPerSecond } from "../traces/columns.js";
import { StatusBadge } from "../traces/outcome.js";
import { CostTab } from "./cost-tab.js";
import { HeadersTab } from "./headers-tab.js";
import { MessagesTab } from "./messages-tab.js";
import { RawTab } from "./raw-tab.js";
import { RecordTab } from "./record-tab.js";
import { StreamTab } from "./stream-tab.js";
import { TraceActions } from "./trace-actions.js";
import { Waterfall } from "./waterfall.js";
import "./tab-body.css";
import "./trace-view.css";

export function TraceView({ id }: { readonly id: string }) {
  const { search, change } = useView();
  const { data: trace, error, isPending, refetch } = useQuery(traceQuery(id));
  if (isPending) return <Waiting label="Loading the trace" />;
  if (trace === undefined) {
    return (
      <div className="tab-body">
        <Failure error={error} onRetry={() => void refetch()} />
      </div>
    );
  }
  return (
    <article className="trace" data-trace-id={trace.id}>
      <TraceFacts trace={trace} />
      <TraceActions trace={trace} />
      <Tabs
        label="Of this trace"
        chosen={search.tab ?? "timing"}
        onChoose={(tab) => change({ tab: tab === "timing" ? undefined : tab }, { replace: true })}
        tabs={[
          { id: "timing", label: "Timing", show: () => <Waterfall trace={trace} /> },
          { id: "messages", label: "Messages", show: () => <MessagesTab trace={trace} /> },
          { id: "raw", label: "Raw", show: () => <RawTab trace={trace} /> },
          { id: "headers", label: "Headers", show: () => <HeadersTab trace={trace} /> },
          { id: "stream", label: "Stream", show: () => <StreamTab trace={trace} /> },
          { id: "cost", label: "Cost", show: () => <CostTab trace={trace} /> },
          { id: "record", label: "Record", show: () => <RecordTab trace={trace} /> },
        ]}
      />
    </article>
  );
}

function Fact({
  name,
  children,
  title,
}: {
  readonly name: string;
  readonly children: ReactNode;
  readonly title?: string;
}) {
  return (
    <div className="fact" title={title}>
      <dt>{name}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}

function TraceFacts({ trace }: { readonly trace: TraceDetail }) {
  const [zone] = useZone();
  const createdMs = Date.parse(trace.createdAt);
  const rate = tokensPerSecond(trace);
  const served = servedModel(trace);
  return (
    <header className="trace-facts">
      <div className="row wrap">
        <StatusBadge trace={trace} />
        <strong className="trace-model">
          {trace.model ?? "no model"}
          <span className="faint">{served === null ? "" : ` → ${served}`}</span>
        </strong>
        <span className="muted">by {trace.provider ?? "nobody"}</span>
        <span className="spring" />
        <time className="muted number" dateTime={trace.createdAt} title={`${formatTime(createdMs, "utc")} UTC`}>
          {formatTime(createdMs, zone)} · {formatAgo(createdMs, Date.now())}
        </time>
      </div>
      {trace.errorCode === null ? null : (
        <p className="notice" data-tone="bad">
          <code>{trace.errorCode}</code>
        </p>
      )}
      <dl className="facts">
        <Fact name="Duration">{formatDuration(trace.latencyMs)}</Fact>
        <Fact name="First byte">{formatDuration(trace.ttfbMs)}</Fact>
        <Fact name="Loom's share" title="Of the duration: all but the wait for the provider.">
          {formatDuration(trace.gatewayOverheadMs)}
        </Fact>
        <Fact name="Tokens in → out">
          {formatCount(trace.promptTokens)} → {formatCount(trace.completionTokens)}
        </Fact>
        {rate === null ? null : <Fact name="Tokens/s">{rate.toFixed(0)}</Fact>}
        <Fact name="Cost">{trace.estimatedCostUSD === null ? "unpriced" : formatCost(trace.estimatedCostUSD)}</Fact>
        <Fact name="Key">{keyLabel(trace.key)}</Fact>
        {trace.sessionId === null ? null : <Fact name="Session">{trace.sessionId}</Fact>}
        {trace.endUser === null ? null : <Fact name="User">{trace.endUser}</Fact>}
        {trace.finishReason === null ? null : <Fact name="Finish">{trace.finishReason}</Fact>}
      </dl>
    </header>
  );
}
