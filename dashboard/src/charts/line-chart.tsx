// A chart over time on a canvas, by uPlot: lines or stacked bars, a legend that follows the pointer, a drag that zooms.
// It reads its colours from the page, so that both themes hold; beside every chart stands the same as a table.
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Zone } from "../format/times.js";
import { formatDay, formatHour } from "../format/times.js";
import { useTheme } from "../shell/theme.js";
import "./charts.css";

export type ChartSeries = {
  readonly label: string;
  /** A custom property of the page, such as `--series-1`. */
  readonly colour: string;
  /** One a time; null where nothing is known. */
  readonly values: readonly (number | null)[];
};

export type LineChartProps = {
  readonly label: string;
  readonly timesMs: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly look: "lines" | "bars";
  readonly zone: Zone;
  readonly format: (value: number | null) => string;
  readonly bucketMs: number;
  readonly onZoom: (fromMs: number, toMs: number) => void;
};

const heightPx = 190;
const dayMs = 86_400_000;

function readColour(element: Element, name: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

/** Each series on top of those before it; uPlot knows no stacks. */
function stack(series: readonly ChartSeries[]): (number | null)[][] {
  const sums: number[] = [];
  return series.map(({ values }) =>
    values.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return sums[at] ?? null;
    }),
  );
}

function drawn(props: LineChartProps): uPlot.AlignedData {
  const seconds = props.timesMs.map((ms) => ms / 1000);
  const values = props.look === "bars" ? stack(props.series).toReversed() : props.series.map((one) => [...one.values]);
  return [seconds, ...values] as uPlot.AlignedData;
}

function optionsFor(
  props: LineChartProps,
  place: Element,
  widthPx: number,
  onCursor: (at: number | null) => void,
): uPlot.Options {
  const { zone, look, format, bucketMs, timesMs } = props;
  const colour = (name: string): string => readColour(place, name);
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
    font: `11px ${colour("--sans")}`,
  };
  const isLong = (timesMs.at(-1) ?? 0) - (timesMs[0] ?? 0) > 2 * dayMs;
  // What is drawn last lies on top: of stacked bars that has to be the lowest.
  const ordered = look === "bars" ? props.series.toReversed() : props.series;
  return {
    width: widthPx,
    height: heightPx,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { show: look === "lines" }, y: false },
    scales: { x: { time: true, range: (_plot, min, max) => [min, look === "bars" ? max + bucketMs / 1000 : max] } },
    axes: [
      {
        ...axis,
        size: 30,
        values: (_plot, splits) =>
          splits.map((at) => (isLong ? formatDay(at * 1000, zone) : formatHour(at * 1000, zone))),
      },
      { ...axis, size: 58, values: (_plot, splits) => splits.map((value) => format(value)) },
    ],
    tzDate: (seconds) => (zone === "utc" ? uPlot.tzDate(new Date(seconds * 1000), "UTC") : new Date(seconds * 1000)),
    series: [
      {},
      ...ordered.map((one) => ({
        label: one.label,
        stroke: colour(one.colour),
        width: look === "lines" ? 1.75 : 0,
        fill: look === "bars" ? colour(one.colour) : "transparent",
        points: { show: look === "lines" && timesMs.length < 3 },
        ...(look === "bars" &&
          uPlot.paths.bars !== undefined && { paths: uPlot.paths.bars({ size: [0.84, 40], align: 1 }) }),
      })),
    ],
    hooks: {
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, "x") * 1000;
          const to = plot.posToVal(plot.select.left + plot.select.width, "x") * 1000;
          props.onZoom(from, to);
        },
      ],
    },
  };
}

export function LineChart(props: LineChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const { theme } = useTheme();
  const shape = `${props.look} ${props.zone} ${theme} ${props.series.map((one) => one.label + one.colour).join()} ${props.timesMs[0]} ${props.timesMs.at(-1)}`;
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const options = optionsFor(latest.current, element, element.clientWidth, setAt);
    const drawing = new uPlot(options, drawn(latest.current), element);
    plot.current = drawing;
    const observer = new ResizeObserver(() => drawing.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawing.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(drawn(props));
  }, [props]);
  return (
    <figure className="chart">
      <ChartLegend {...props} at={at} />
      <div ref={place} className="chart-place" role="img" aria-label={props.label} />
    </figure>
  );
}

function ChartLegend({ series, timesMs, at, zone, format, bucketMs }: LineChartProps & { readonly at: number | null }) {
  const ms = at === null ? undefined : timesMs[at];
  const when = ms === undefined ? "" : `${formatDay(ms, zone)}${bucketMs >= dayMs ? "" : `, ${formatHour(ms, zone)}`}`;
  return (
    <figcaption className="chart-legend">
      {series.map((one) => (
        <span key={one.label} className="chart-key">
          <i style={{ background: `var(${one.colour})` }} />
          <span className="cut">{one.label}</span>
          {at === null ? null : <b className="number">{format(one.values[at] ?? null)}</b>}
        </span>
      ))}
      <span className="faint number">{when}</span>
    </figcaption>
  );
}
