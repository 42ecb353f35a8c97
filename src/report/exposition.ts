// A snapshot as the text that Prometheus reads: exposition format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). `promtool check metrics` holds it in a test.
import type { MetricSnapshot, Point } from "./metric-store.js";
import { familyOf, type MetricName, metricTable } from "./metric-table.js";

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === "\n" ? "\\n" : `\\${found}`));
}

/** A label without a value is left out: to Prometheus both are the same. */
function writeLabels(names: readonly string[], values: readonly string[], more = ""): string {
  const pairs = names.flatMap((name, at) => {
    const value = values[at] ?? "";
    return value === "" ? [] : [`${name}="${escapeLabel(value)}"`];
  });
  if (more !== "") pairs.push(more);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function writePoint(lines: string[], name: MetricName, { labels, value }: Point): void {
  const { labels: names, buckets = [] } = familyOf(name);
  if (typeof value === "number") {
    lines.push(`${name}${writeLabels(names, labels)} ${value}`);
    return;
  }
  let below = 0;
  for (const [at, count] of value.counts.entries()) {
    below += count;
    const bound = at < buckets.length ? String(buckets[at]) : "+Inf";
    lines.push(`${name}_bucket${writeLabels(names, labels, `le="${bound}"`)} ${below}`);
  }
  lines.push(`${name}_sum${writeLabels(names, labels)} ${value.sum}`);
  lines.push(`${name}_count${writeLabels(names, labels)} ${below}`);
}

/** In the order of the table; a family without a point is left out. */
export function writeExposition(snapshot: MetricSnapshot): string {
  const lines: string[] = [];
  for (const name of Object.keys(metricTable) as MetricName[]) {
    const points = snapshot[name];
    if (points === undefined || points.length === 0) continue;
    const { help, kind } = familyOf(name);
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    for (const point of points) writePoint(lines, name, point);
  }
  return `${lines.join("\n")}\n`;
}
