// How the bytes of a stream came over time, as a line from its first chunk on, with the longest pause marked and named.
import type { StreamTimes } from "../api/schema.js";
import { formatBytes, formatDuration } from "../format/numbers.js";
import { largestGap } from "./stream-times.js";
import "./arrival-chart.css";

export type ArrivalChartProps = {
  readonly times: StreamTimes;
  /** Where the answer ended. */
  readonly end: { readonly ms: number; readonly bytes: number };
};

const widthUnits = 600;
const heightUnits = 90;
/** So that a line at the edge is drawn whole. */
const edgeUnits = 1;

/** Steps where every chunk is known: its bytes come at once. Straight lines where only a share of them is. */
function linePath({ every, ms, bytes }: StreamTimes, x: (ms: number) => string, y: (bytes: number) => string): string {
  return ms
    .map((at, index) => {
      const before = bytes[index - 1] ?? 0;
      const here = `${x(at)} ${y(bytes[index] ?? 0)}`;
      const step = every === 1 || index === 0 ? `L${x(at)} ${y(before)}` : "";
      return `${step}L${here}`;
    })
    .join("");
}

export function ArrivalChart({ times, end }: ArrivalChartProps) {
  const [fromMs = 0] = times.ms;
  const wholeMs = Math.max(end.ms, times.ms.at(-1) ?? 0) - fromMs || 1;
  const wholeBytes = Math.max(end.bytes, times.bytes.at(-1) ?? 0, 1);
  const x = (ms: number): string => (((ms - fromMs) / wholeMs) * widthUnits).toFixed(1);
  const y = (bytes: number): string =>
    (heightUnits - edgeUnits - (bytes / wholeBytes) * (heightUnits - 2 * edgeUnits)).toFixed(1);
  const gap = largestGap(times);
  const last = times.every === 1 ? (times.bytes.at(-1) ?? 0) : end.bytes;
  return (
    <figure className="arrival">
      <svg
        viewBox={`0 0 ${widthUnits} ${heightUnits}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${formatBytes(end.bytes)} between ${formatDuration(fromMs)} and ${formatDuration(end.ms)}`}
      >
        {gap === null ? null : (
          <rect
            className="arrival-gap"
            x={x(gap.fromMs)}
            y="0"
            width={Math.max(1, Number(x(gap.toMs)) - Number(x(gap.fromMs)))}
            height={heightUnits}
          />
        )}
        <path
          d={`M0 ${y(0)}${linePath(times, x, y)}L${widthUnits} ${y(last)}`}
          className="arrival-line"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <figcaption className="row wrap muted number">
        <span>{formatDuration(fromMs)}</span>
        <span className="spring" />
        {gap === null ? null : (
          <span className="arrival-note">
            Largest gap {formatDuration(gap.toMs - gap.fromMs)}, from {formatDuration(gap.fromMs)} to{" "}
            {formatDuration(gap.toMs)}, after {formatBytes(gap.afterBytes)}
            {times.every === 1 ? "" : `; one chunk in ${times.every} was timed`}
          </span>
        )}
        <span className="spring" />
        <span>
          {formatDuration(end.ms)}, {formatBytes(end.bytes)}
        </span>
      </figcaption>
    </figure>
  );
}
