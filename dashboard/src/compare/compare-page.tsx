// Two traces side by side: what differs first, both waterfalls on one axis, and the answers word by word.
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeftRight } from "lucide-react";
import { lazy, Suspense } from "react";
import { bodiesQuery, traceQuery } from "../api/queries.js";
import type { TraceBodies, TraceDetail } from "../api/schema.js";
import { formatChange, formatCost, formatDuration } from "../format/numbers.js";
import { formatTime } from "../format/times.js";
import { Empty, Failure, Waiting } from "../parts/states.js";
import { useZone } from "../shell/clock.js";
import { PageHead } from "../shell/page-head.js";
import { OpenBodies } from "../trace/open-bodies.js";
import { readChatAnswer, readChatRequest } from "../trace/read-conversation.js";
import { Waterfall } from "../trace/waterfall.js";
import { StatusBadge } from "../traces/outcome.js";
import { FactTable } from "./fact-table.js";
import "../trace/conversation.css";
import "./compare.css";

const WordDiff = lazy(() => import("./word-diff.js").then((module) => ({ default: module.WordDiff })));

export function ComparePage() {
  const { left = "", right = "" }: { left?: string; right?: string } = useParams({ strict: false });
  const [one, other] = useQueries({ queries: [traceQuery(left), traceQuery(right)] });
  const error = one.error ?? other.error;
  return (
    <>
      <PageHead title="Compare">
        <Link to="/compare/$left/$right" params={{ left: right, right: left }} className="button">
          <ArrowLeftRight size={14} />
          Swap
        </Link>
      </PageHead>
      <div className="page-body">
        {right === "" ? (
          <Empty title="Two traces are needed">Press “Compare” on one trace, then on another.</Empty>
        ) : null}
        {right !== "" && error !== null ? <Failure error={error} /> : null}
        {one.data !== undefined && other.data !== undefined ? <Comparison one={one.data} other={other.data} /> : null}
        {one.isPending || (other.isPending && error === null) ? <Waiting /> : null}
      </div>
    </>
  );
}

function Comparison({ one, other }: { readonly one: TraceDetail; readonly other: TraceDetail }) {
  const [zone] = useZone();
  const scaleMs = Math.max(one.latencyMs, other.latencyMs);
  return (
    <div className="compare">
      <div className="compare-heads">
        {[one, other].map((trace, at) => (
          <section
            key={at === 0 ? "left" : "right"}
            className="card compare-head"
            aria-label={at === 0 ? "Left" : "Right"}
          >
            <div className="row wrap">
              <StatusBadge trace={trace} />
              <Link to="/traces/$id" params={{ id: trace.id }}>
                <strong>{trace.model ?? "no model"}</strong>
              </Link>
              <span className="spring" />
              <span className="muted number">{formatTime(Date.parse(trace.createdAt), zone)}</span>
            </div>
            <p className="number">
              {formatDuration(trace.latencyMs)} ·{" "}
              {trace.estimatedCostUSD === null ? "unpriced" : formatCost(trace.estimatedCostUSD)}
              {at === 0 ? null : (
                <span className="muted">
                  {" "}
                  ({formatChange(trace.latencyMs, one.latencyMs) ?? "–"} duration,{" "}
                  {formatChange(trace.estimatedCostUSD, one.estimatedCostUSD) ?? "–"} cost)
                </span>
              )}
            </p>
          </section>
        ))}
      </div>
      <section className="card" aria-label="Timing">
        <div className="card-head">
          <h2>Timing, on one axis</h2>
        </div>
        <div className="compare-pair">
          <Waterfall trace={one} scaleMs={scaleMs} />
          <Waterfall trace={other} scaleMs={scaleMs} />
        </div>
      </section>
      <FactTable one={one} other={other} requests={null} />
      <section className="card" aria-label="Bodies">
        <div className="card-head">
          <h2>Answers, word by word</h2>
        </div>
        <div className="card-body stack">
          <OpenBodies trace={one}>{(bodies) => <BothBodies one={one} other={other} bodies={bodies} />}</OpenBodies>
        </div>
      </section>
    </div>
  );
}

type BothBodiesProps = { readonly one: TraceDetail; readonly other: TraceDetail; readonly bodies: TraceBodies };

function BothBodies({ one, other, bodies }: BothBodiesProps) {
  const { data, error } = useQuery(bodiesQuery(other.id));
  if (data === undefined) return error === null ? <Waiting /> : <Failure error={error} />;
  return (
    <>
      <Suspense fallback={<Waiting />}>
        <WordDiff before={answerText(bodies)} after={answerText(data)} />
      </Suspense>
      <FactTable
        one={one}
        other={other}
        requests={[readChatRequest(bodies.request?.text ?? ""), readChatRequest(data.request?.text ?? "")]}
      />
    </>
  );
}

function answerText({ response }: TraceBodies): string {
  return readChatAnswer(response?.text ?? "")
    .messages.flatMap((message) => message.parts)
    .map((part) => ("text" in part ? part.text : part.kind === "tool-call" ? `${part.name}(${part.args})` : ""))
    .join("\n");
}
