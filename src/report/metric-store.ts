// Counters, gauges and fixed-bucket histograms of one thread or process. What it gives away is plain: it crosses
// threads as it is, and the snapshots of several processes add up to one.
import { familyOf, type MetricFamily, type MetricName, metricTable } from "./metric-table.js";

/** `counts` has one entry for each bucket and one for all above; not cumulative. */
export type Distribution = { readonly counts: readonly number[]; readonly sum: number };
export type Point = { readonly labels: readonly string[]; readonly value: number | Distribution };
/** Names to points. JSON, and structured clone, take it as it is. */
export type MetricSnapshot = { readonly [Name in MetricName]?: readonly Point[] };

type Series = { readonly labels: readonly string[]; value: number; counts: number[] | null };
type Family = { readonly of: MetricFamily; readonly series: Map<string, Series> };

/** Of one family; what comes above goes to a series whose labels are all `other`. */
const seriesMax = 4000;
const other = "other";

const names = Object.keys(metricTable) as MetricName[];

export class MetricStore {
  readonly #families = new Map<MetricName, Family>();

  /** Adds to a counter, or to a gauge. */
  add(name: MetricName, labels: readonly string[], by = 1): void {
    this.#seriesOf(name, labels).value += by;
  }

  /** Sets a gauge, or a counter that somebody else sums. */
  set(name: MetricName, labels: readonly string[], value: number): void {
    this.#seriesOf(name, labels).value = value;
  }

  /** Counts a value `times` times into a histogram. */
  observe(name: MetricName, labels: readonly string[], value: number, times = 1): void {
    const series = this.#seriesOf(name, labels);
    const { counts } = series;
    if (counts === null) return;
    const { buckets = [] } = familyOf(name);
    let at = 0;
    while (at < buckets.length && value > (buckets[at] as number)) at += 1;
    counts[at] = (counts[at] ?? 0) + times;
    series.value += value * times;
  }

  /** Adds what another thread of this process counted since it last told; its gauges replace. */
  absorb(delta: MetricSnapshot): void {
    this.#take(delta, (into, value) => {
      into.value = value;
    });
  }

  /** Adds a snapshot of another process; gauges as the table says. */
  merge(snapshot: MetricSnapshot): void {
    this.#take(snapshot, (into, value, { merge }, isNew) => {
      if (isNew) into.value = value;
      else if (merge === "max") into.value = Math.max(into.value, value);
      else if (merge === "min") into.value = Math.min(into.value, value);
      else into.value += value;
    });
  }

  snapshot(): MetricSnapshot {
    const snapshot: { [Name in MetricName]?: Point[] } = {};
    for (const [name, { series }] of this.#families) {
      const points = [...series.values()].map(({ labels, value, counts }) => ({
        labels,
        value: counts === null ? value : { counts: [...counts], sum: value },
      }));
      if (points.length > 0) snapshot[name] = points;
    }
    return snapshot;
  }

  /** What was counted since the last call; null when nothing was. Gauges are there each time. */
  takeDelta(): MetricSnapshot | null {
    if (this.#families.size === 0) return null;
    const delta = this.snapshot();
    this.#families.clear();
    return delta;
  }

  #take(
    snapshot: MetricSnapshot,
    setGauge: (into: Series, value: number, of: MetricFamily, isNew: boolean) => void,
  ): void {
    for (const name of names) {
      for (const { labels, value } of snapshot[name] ?? []) {
        const isNew = this.#families.get(name)?.series.has(keyOf(labels)) !== true;
        const into = this.#seriesOf(name, labels);
        if (typeof value === "object") addDistribution(into, value);
        else if (familyOf(name).kind === "gauge") setGauge(into, value, familyOf(name), isNew);
        else into.value += value;
      }
    }
  }

  #seriesOf(name: MetricName, labels: readonly string[]): Series {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { of: familyOf(name), series: new Map() };
      this.#families.set(name, family);
    }
    const key = keyOf(labels);
    const known = family.series.get(key);
    if (known !== undefined) return known;
    if (family.series.size >= seriesMax && labels.some((label) => label !== other)) {
      return this.#seriesOf(
        name,
        labels.map(() => other),
      );
    }
    const { kind, buckets = [] } = family.of;
    const counts = kind === "histogram" ? Array.from({ length: buckets.length + 1 }, () => 0) : null;
    const made: Series = { labels: [...labels], value: 0, counts };
    family.series.set(key, made);
    return made;
  }
}

function keyOf(labels: readonly string[]): string {
  return labels.length === 1 ? (labels[0] as string) : labels.join("\0");
}

function addDistribution(into: Series, { counts, sum }: Distribution): void {
  if (into.counts === null) return;
  for (const [at, count] of counts.entries()) into.counts[at] = (into.counts[at] ?? 0) + count;
  into.value += sum;
}
