// bench/report.html: the latest full run with its distributions and rounds, and each guarded ratio over all kept runs.
// One file without scripts, so that it opens anywhere and says the same for ever.
import { findRatios, foreignShareMax } from "../guard/guard.js";
import type { Case, ScenarioResult } from "../scenario.js";
import { tabulate } from "../summary.js";
import { drawDistribution, drawHistory, drawRounds } from "./charts.js";
import type { RunRecord } from "./results.js";
import { escapeText } from "./svg.js";

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #667; --rule: #dde; --paper: #fff;
  --direct: #7a8088; --nginx: #0072b2; --loom: #d55e00; --other0: #009e73; --other1: #cc79a7; --other2: #b08900; --other3: #56b4e9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #9aa; --rule: #334; --paper: #15181c;
  --direct: #a0a6ad; --nginx: #56b4e9; --loom: #ff8c42; --other0: #2ec4a0; --other1: #e29ac6; --other2: #e0b83c; --other3: #8fd0f5; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1320px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
p, figcaption { color: var(--soft); } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: right; padding: 2px 10px; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; } .charts > svg { width: 420px; max-width: 100%; }
figure { margin: 0; width: 200px; } figure svg { width: 100%; } figcaption { font-size: 12px; line-height: 1.3; }
svg text { font-size: 11px; fill: var(--soft); } .grid { stroke: var(--rule); } .line { fill: none; stroke-width: 2; }
.dots circle { fill-opacity: 0.65; } .fault { color: #c00; font-weight: 600; }
${["direct", "nginx", "loom", "other0", "other1", "other2", "other3"]
  .map(
    (name) =>
      `.line.${name} { stroke: var(--${name}); } .dots.${name} circle { fill: var(--${name}); } .name.${name} text { fill: var(--${name}); }`,
  )
  .join("\n")}`;

/** `records` oldest first. Throws an Error when there are none. */
export function drawReport(records: readonly RunRecord[]): string {
  const latest = records.findLast(({ kind }) => kind === "full") ?? records.at(-1);
  if (latest === undefined) throw new Error("There are no results to draw: npm run bench -- --save");
  const { machine } = latest;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `${latest.at.slice(0, 16).replace("T", " ")} UTC, a ${latest.kind} run of Loom ${machine.loom} at ${machine.commit}`,
    `${machine.cores} × ${machine.cpu}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, ${machine.kernel}, Node ${machine.node}; load, provider, Loom and Postgres share these cores`,
    versions.join(", "),
    ...Object.entries(latest.settings).map(([name, value]) => `${name}=${value}`),
    ...(latest.foreignShare > foreignShareMax
      ? [`Other programs used ${Math.round(latest.foreignShare * 100)} % of the machine: these figures are theirs too.`]
      : []),
    ...latest.peers,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Loom: bench</title><style>${style}</style></head><body>
<h1>Loom: what the bench measured</h1>
${lines.map((line) => `<p>${escapeText(line)}</p>`).join("\n")}
${latest.results.map(drawScenario).join("\n")}
${drawHistories(records)}
</body></html>
`;
}

function drawScenario(result: ScenarioResult): string {
  const { title, headings, rows, notes } = tabulate(result);
  const cells = (tag: "th" | "td", texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escapeText(text)}</${tag}>`).join("")}</tr>`;
  const charts = result.cases.flatMap((one) => drawCase(result, one)).filter((chart) => chart !== "");
  return `<h2>${escapeText(title)}</h2>
<div class="wide"><table>${cells("th", headings)}${rows.map((row) => cells("td", row)).join("")}</table></div>
${notes.map((note) => `<p${note.startsWith("FAULT") ? ' class="fault"' : ""}>${escapeText(note)}</p>`).join("\n")}
<div class="charts">${charts.join("\n")}</div>`;
}

function drawCase({ name, columns }: ScenarioResult, one: Case): string[] {
  const title = one.name === "" ? name : `${name} ${one.name}`;
  const first = columns[0];
  const isRepeated = Object.values(one.rounds).some((list) => list.length > 1);
  return [
    drawDistribution(title, one.curves ?? {}),
    first === undefined || !isRepeated
      ? ""
      : drawRounds(`${title}: ${first.heading}, each round`, one.rounds, first.key),
  ];
}

function drawHistories(records: readonly RunRecord[]): string {
  const points = new Map<string, { at: string; value: number }[]>();
  for (const { at, kind, machine, results, peerNames } of records) {
    if (kind !== "full") continue;
    const label = `${at.slice(0, 10)} ${machine.commit}`;
    for (const { name, value } of findRatios(results, peerNames)) {
      points.set(name, [...(points.get(name) ?? []), { at: label, value }]);
    }
  }
  if (points.size === 0) return "";
  const charts = [...points].map(([name, list]) => drawHistory(name, list));
  return `<h2>Guarded ratios over the kept full runs</h2>
<p>Each is the best round of Loom to the best round of its reference in the same run; bench/baseline.json holds them.</p>
<div class="charts">${charts.join("\n")}</div>`;
}
