// How the answer came: its server-sent events in order, and the pace of the whole. The moment of each event is not
// recorded, only that of the first byte and of the end; nothing here pretends otherwise.
import { useMemo, useState } from "react";
import type { TraceBodies, TraceDetail } from "../api/schema.js";
import { formatBytes, formatCount, formatDuration } from "../format/numbers.js";
import { Button } from "../parts/button.js";
import { tokensPerSecond } from "../traces/columns.js";
import { OpenBodies } from "./open-bodies.js";
import { readChatAnswer } from "./read-conversation.js";

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

function StreamEvents({ trace, bodies }: { readonly trace: TraceDetail; readonly bodies: TraceBodies }) {
  const events = useMemo(() => readChatAnswer(bodies.response?.text ?? "").events, [bodies]);
  const [shown, setShown] = useState(rowsShown);
  const span = trace.ttfbMs === null ? null : trace.latencyMs - trace.ttfbMs;
  return (
    <>
      <p className="muted">
        {formatCount(events.length)} events
        {span === null || events.length < 2
          ? ""
          : `, one every ${formatDuration(span / (events.length - 1))} on average`}
        . The moment of each is not recorded.
      </p>
      <table className="list stream-list">
        <thead>
          <tr>
            <th scope="col" className="right">
              #
            </th>
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
