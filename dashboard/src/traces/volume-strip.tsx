// How much happened when, over the list: stacked bars by outcome from the rollups. A drag narrows the time.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Scope, timeseriesQuery } from "../api/queries.js";
import type { Point } from "../api/schema.js";
import { useDrag } from "../charts/use-drag.js";
import { formatCount } from "../format/numbers.js";
import { formatShort, zoneName } from "../format/times.js";
import { bucketMinutesFor, searchOfMoments } from "../range/range.js";
import { useZone } from "../shell/clock.js";
import { useView } from "../shell/view.js";
import { outcomeColour, outcomes } from "./outcome.js";
import "./volume-strip.css";

const heightUnits = 42;
const widthUnits = 1000;
const barsWanted = 120;

export function VolumeStrip({ scope }: { readonly scope: Scope }) {
  const { change } = useView();
  const [zone] = useZone();
  const bucketMinutes = bucketMinutesFor(scope.range, barsWanted);
  const wanted = { bucketMinutes, timeZone: zoneName(zone) };
  const { data } = useQuery({ ...timeseriesQuery(scope, wanted), placeholderData: keepPreviousData });
  const points = data?.series[0]?.points ?? [];
  const fromMs = scope.range.fromMs;
  const toMs = scope.range.toMs ?? scope.range.asOfMs;
  const drag = useDrag((from, to) => {
    change(searchOfMoments(fromMs + from * (toMs - fromMs), fromMs + to * (toMs - fromMs)));
  });
  const most = Math.max(1, ...points.map((point) => point.totalRequests));
  const total = points.reduce((sum, point) => sum + point.totalRequests, 0);
  const place = (ms: number): number => ((ms - fromMs) / (toMs - fromMs)) * widthUnits;
  const barUnits = ((data?.bucketMinutes ?? bucketMinutes) * 60_000 * widthUnits) / (toMs - fromMs);
  return (
    <div className="volume">
      <svg
        viewBox={`0 0 ${widthUnits} ${heightUnits}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${formatCount(total)} requests in this time, at most ${formatCount(most)} in one bar`}
        {...drag.handlers}
      >
        <line x1={0} x2={widthUnits} y1={heightUnits - 0.5} y2={heightUnits - 0.5} stroke="var(--line)" />
        {points.map((point) => (
          <Bar key={point.at} point={point} x={place(Date.parse(point.at))} width={barUnits} most={most} />
        ))}
        {drag.span === null ? null : (
          <rect
            className="volume-drag"
            x={drag.span[0] * widthUnits}
            width={(drag.span[1] - drag.span[0]) * widthUnits}
            y={0}
            height={heightUnits}
          />
        )}
      </svg>
      <div className="volume-axis number" aria-hidden="true">
        <span>{formatShort(fromMs, zone)}</span>
        <span>{formatShort((fromMs + toMs) / 2, zone)}</span>
        <span>{formatShort(toMs, zone)}</span>
      </div>
    </div>
  );
}

type BarProps = { readonly point: Point; readonly x: number; readonly width: number; readonly most: number };

function Bar({ point, x, width, most }: BarProps) {
  const seen = outcomes.filter((outcome) => point.outcomes[outcome] > 0);
  const heights = seen.map((outcome) => Math.max(0.8, (point.outcomes[outcome] / most) * (heightUnits - 3)));
  return (
    <g>
      {seen.map((outcome, at) => {
        const top = heights.slice(0, at + 1).reduce((sum, height) => sum + height, 0);
        const box = { x, y: heightUnits - top, width: Math.max(0.8, width * 0.84), height: heights[at] };
        return <rect key={outcome} {...box} fill={outcomeColour(outcome)} />;
      })}
    </g>
  );
}
