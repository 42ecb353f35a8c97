// How the answer came: its bytes over time, its longest pause, and its server-sent events in order, each with its
// moment where the record has it; a moment that lies between two known ones is said to be about then.
import { useMemo, useState } from "react";
import type { TraceBodies, TraceDetail } from "../api/schema.js";
import { formatBytes, formatCount, formatDuration } from "../format/numbers.js";
import { Button } from "../parts/button.js";
import { tokensPerSecond } from "../traces/columns.js";
import { ArrivalChart } from "./arrival-chart.js";
import { OpenBodies } from "./open-bodies.js";
import { readChatAnswer } from "./read-conversation.js";
import { endOfAnswer, type Moment, momentOf } from "./stream-times.js";
import "./stream-tab.css";

const rowsShown = 200;

export function StreamTab({ trace }: { readonly trace: TraceDetail }) {
  if (!trace.streamed) {
    return (
      <div className="tab-body">
        <p className="notice">The answer came in one piece: the client did not ask for a stream.</p>
      </div>
    );
  }
  return (
    <div className="tab-body stack">
      <StreamPace trace={trace} />
      {trace.streamTimes === null ? null : (
        <ArrivalChart times={trace.streamTimes} end={{ ms: endOfAnswer(trace), bytes: trace.responseBytes }} />
      )}
      <OpenBodies trace={trace}>{(bodies) => <StreamEvents trace={trace} bodies={bodies} />}</OpenBodies>
    </div>
  );
}

function StreamPace({ trace }: { readonly trace: TraceDetail }) {
  const { latencyMs, ttfbMs } = trace;
  const share = ttfbMs === null ? 0 : (ttfbMs / Math.max(latencyMs, 0.001)) * 100;
  const rate = tokensPerSecond(trace);
  return (
    <>
      <div
        className="pace"
        role="img"
        aria-label={`First byte after ${formatDuration(ttfbMs)} of ${formatDuration(latencyMs)}`}
      >
        <div className="waterfall-bar" data-kind="wait" style={{ width: `${share}%` }} />
        <div className="waterfall-bar" data-kind="stream" style={{ width: `${100 - share}%` }} />
      </div>
      <dl className="facts">
        <div className="fact">
          <dt>To the first byte</dt>
          <dd className="number">{formatDuration(ttfbMs)}</dd>
        </div>
        <div className="fact">
          <dt>Streaming</dt>
          <dd className="number">{formatDuration(ttfbMs === null ? null : latencyMs - ttfbMs)}</dd>
        </div>
        <div className="fact">
          <dt>Tokens/s</dt>
          <dd className="number">{rate === null ? "–" : rate.toFixed(1)}</dd>
        </div>
        <div className="fact">
          <dt>Bytes</dt>
          <dd className="number">{formatBytes(trace.responseBytes)}</dd>
        </div>
      </dl>
    </>
  );
}

/** Says when each event came; null where nothing is known of it. Offsets are those of the bytes on the wire. */
function readMoments(trace: TraceDetail, { response }: TraceBodies): ((endOffset: number) => Moment | null) | null {
  const { streamTimes, responseBytes } = trace;
  if (streamTimes === null || response === null || response.decoded !== null) return null;
  const end = { ms: endOfAnswer(trace), bytes: responseBytes };
  return (endOffset) => momentOf(streamTimes, response.offset + endOffset, end);
}

function MomentCell({ moment }: { readonly moment: Moment | null }) {
  if (moment === null) return <td className="right number faint">–</td>;
  const isAbout = moment.precision === "about";
  return (
    <td className="right number" title={isAbout ? "Between two moments that were recorded." : undefined}>
      {isAbout ? <span className="faint">about </span> : null}
      {formatDuration(moment.ms)}
    </td>
  );
}

function StreamEvents({ trace, bodies }: { readonly trace: TraceDetail; readonly bodies: TraceBodies }) {
  const events = useMemo(() => readChatAnswer(bodies.response?.text ?? "").events, [bodies]);
  const momentAt = useMemo(() => readMoments(trace, bodies), [trace, bodies]);
  const [shown, setShown] = useState(rowsShown);
  const span = trace.ttfbMs === null ? null : trace.latencyMs - trace.ttfbMs;
  return (
    <>
      <p className="muted">
        {formatCount(events.length)} events
        {span === null || events.length < 2
          ? ""
          : `, one every ${formatDuration(span / (events.length - 1))} on average`}
        {momentAt === null
          ? ". The moment of each is not recorded."
          : ". Times are counted from the request's first byte."}
      </p>
      <table className="list stream-list">
        <thead>
          <tr>
            <th scope="col" className="right">
              #
            </th>
            {momentAt === null ? null : (
              <th scope="col" className="right">
                Came at
              </th>
            )}
            <th scope="col">Data</th>
            <th scope="col" className="right">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {events.slice(0, shown).map((event, index) => (
            <tr key={index}>
              <td className="right number faint">{index + 1}</td>
              {momentAt === null ? null : <MomentCell moment={momentAt(event.endOffset)} />}
              <td>
                <code>{event.data.slice(0, 400)}</code>
              </td>
              <td className="right number">{formatBytes(event.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {events.length > shown ? (
        <Button small onClick={() => setShown(shown + 1000)}>
          Showing {shown} of {formatCount(events.length)}: show more
        </Button>
      ) : null}
    </>
  );
}
