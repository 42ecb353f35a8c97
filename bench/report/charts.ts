// The charts of the report, each as one SVG: a distribution by quantiles, the rounds behind a median, a ratio over runs.
import { type Curve, curveFractions, type Figures, type Rounds } from "../scenario.js";
import { drawLabel, drawPath, escapeText, linearScale, logScale, logTicks } from "./svg.js";
import { drawNumber } from "./table.js";

const size = { width: 420, height: 240, left: 46, right: 96, top: 24, bottom: 30 } as const;
const spark = { width: 200, height: 74, edge: 8, foot: 18 } as const;
const percentTicks = [
  [0, "0"],
  [0.5, "50"],
  [0.9, "90"],
  [0.99, "99"],
  [0.999, "99.9"],
  [1, "max"],
] as const;
/** The largest sample stands where a quantile of 99.99 % would. */
const nines = (fraction: number): number => (fraction >= 1 ? 4 : -Math.log10(1 - fraction));
const labelHeight = 12;

/** The class that gives a target its colour, by its place among the targets. */
function classOf(target: string, targets: readonly string[]): string {
  if (target === "direct" || target === "nginx" || target === "loom") return target;
  const others = targets.filter((name) => !["direct", "nginx", "loom"].includes(name));
  return `other${others.indexOf(target) % 4}`;
}

/** Latency by percentile, both axes stretched towards the tail; an empty text without figures. */
export function drawDistribution(title: string, curves: Readonly<Record<string, Curve>>): string {
  const values = Object.values(curves)
    .flat()
    .filter((value) => value > 0);
  if (values.length === 0) return "";
  const { width, height, left, right, top, bottom } = size;
  const [low, high] = [Math.min(...values), Math.max(...values) * 1.05];
  const x = linearScale(0, 4, left, width - right);
  const y = logScale(low, high, height - bottom, top);
  const names = Object.keys(curves);
  const grid = [
    ...logTicks(low, high).map(
      (tick) =>
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>${drawLabel(left - 5, y(tick) + 4, String(tick), "end")}`,
    ),
    ...percentTicks.map(([fraction, text]) => drawLabel(x(nines(fraction)), height - bottom + 14, text, "middle")),
  ];
  const lines = Object.entries(curves).map(([name, curve]) => {
    const points = curve.flatMap((value, at): [number, number][] => {
      const fraction = curveFractions[at];
      return fraction === undefined || !(value > 0) ? [] : [[x(nines(fraction)), y(value)]];
    });
    return `<path class="line ${classOf(name, names)}" d="${drawPath(points)}"><title>${escapeText(name)}</title></path>`;
  });
  const ends = Object.entries(curves).map(([name, curve]) => ({ name, y: y(curve.at(-1) ?? low) }));
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(title)}">${drawLabel(left, 14, `${title}: ms by percentile`)}${grid.join("")}${lines.join("")}${spreadLabels(
    ends,
  )
    .map(
      (end) => `<g class="name ${classOf(end.name, names)}">${drawLabel(width - right + 6, end.y + 4, end.name)}</g>`,
    )
    .join("")}</svg>`;
}

/** Every round of one figure as a dot, so that a median shows what it stands for. */
export function drawRounds(title: string, rounds: Rounds, key: string): string {
  const rows = Object.entries(rounds)
    .map(([name, list]) => ({ name, values: valuesOf(list, key) }))
    .filter(({ values }) => values.length > 0);
  const all = rows.flatMap(({ values }) => values);
  if (all.length === 0) return "";
  const { width, left, right } = size;
  const height = 40 + rows.length * 18;
  const [low, high] = [Math.min(...all) * 0.9, Math.max(...all) * 1.1];
  const x = logScale(low, high, left, width - right);
  const names = rows.map(({ name }) => name);
  const dots = rows.map(({ name, values }, at) => {
    const y = 34 + at * 18;
    const circles = values.map(
      (value) => `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="4"><title>${drawNumber(value, 3)}</title></circle>`,
    );
    return `<g class="dots ${classOf(name, names)}">${circles.join("")}</g><g class="name ${classOf(name, names)}">${drawLabel(width - right + 6, y + 4, name)}</g>`;
  });
  const ticks = logTicks(low, high).map((tick) => drawLabel(x(tick), height - 2, String(tick), "middle"));
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(title)}">${drawLabel(left, 14, title)}${dots.join("")}${ticks.join("")}</svg>`;
}

/** One guarded ratio over the kept runs, oldest first. */
export function drawHistory(name: string, points: readonly { readonly at: string; readonly value: number }[]): string {
  const values = points.map(({ value }) => value);
  const { width, height, edge, foot } = spark;
  const [low, high] = [Math.min(...values, 0), Math.max(...values) * 1.1];
  const x = linearScale(0, Math.max(1, points.length - 1), edge, width - edge - 40);
  const y = linearScale(low, high, height - foot, edge);
  const places = values.map((value, at): [number, number] => [x(at), y(value)]);
  const dots = points.map(
    ({ at, value }, index) =>
      `<circle cx="${x(index).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3"><title>${escapeText(at)}: ${drawNumber(value, 2)}</title></circle>`,
  );
  const last = places.at(-1) ?? [0, 0];
  const label = drawLabel(last[0] + 7, last[1] + 4, drawNumber(values.at(-1), 2));
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(name)}"><line class="grid" x1="${edge}" x2="${width - edge}" y1="${height - foot}" y2="${height - foot}"/><path class="line loom" d="${drawPath(places)}"/><g class="dots loom">${dots.join("")}</g>${label}</svg><figcaption>${escapeText(name)}</figcaption></figure>`;
}

function valuesOf(list: readonly Figures[], key: string): number[] {
  return list.map((figures) => figures[key] ?? Number.NaN).filter((value) => value > 0);
}

/** Moves names apart that would stand on one another. */
function spreadLabels(ends: readonly { readonly name: string; readonly y: number }[]): { name: string; y: number }[] {
  const sorted = [...ends].sort((one, other) => one.y - other.y).map((end) => ({ ...end }));
  for (const [at, end] of sorted.entries()) {
    const before = sorted[at - 1];
    if (before !== undefined && end.y - before.y < labelHeight) end.y = before.y + labelHeight;
  }
  return sorted;
}
