// A chart with its name, the same as a table, and where to look further.
import { ChartColumn, Table2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { formatTime } from "../format/times.js";
import { Button } from "../parts/button.js";
import { CopyButton } from "../parts/copy-button.js";
import { Waiting } from "../parts/states.js";
import type { LineChartProps } from "./line-chart.js";
import "./charts.css";

const LineChart = lazy(() => import("./line-chart.js").then((module) => ({ default: module.LineChart })));

export type ChartCardProps = LineChartProps & { readonly action?: ReactNode; readonly note?: string };

export function ChartCard({ action, note, ...chart }: ChartCardProps) {
  const [look, setLook] = useState<"chart" | "table">("chart");
  const isTable = look === "table";
  return (
    <section className="card" aria-label={chart.label}>
      <div className="card-head">
        <h2>{chart.label}</h2>
        {note === undefined ? null : <span className="faint">{note}</span>}
        <span className="spring" />
        {action}
        {isTable ? <CopyButton text={() => printCsv(chart)} label="Copy as CSV" /> : null}
        <Button
          kind="plain"
          small
          label={isTable ? "View as chart" : "View as table"}
          onClick={() => setLook(isTable ? "chart" : "table")}
        >
          {isTable ? <ChartColumn size={14} /> : <Table2 size={14} />}
        </Button>
      </div>
      {isTable ? (
        <ChartTable {...chart} />
      ) : (
        <Suspense fallback={<Waiting />}>
          <LineChart {...chart} />
        </Suspense>
      )}
    </section>
  );
}

function printCsv({ timesMs, series }: LineChartProps): string {
  const head = ["time", ...series.map((one) => one.label)];
  const rows = timesMs.map((ms, at) => [new Date(ms).toISOString(), ...series.map((one) => one.values[at] ?? "")]);
  return [head, ...rows]
    .map((row) => row.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(","))
    .join("\r\n");
}

function ChartTable({ label, timesMs, series, zone, format }: LineChartProps) {
  return (
    <div className="chart-table" tabIndex={0} role="region" aria-label={`${label}, as a table`}>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map((one) => (
              <th key={one.label} scope="col" className="right">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {timesMs.map((ms, at) => (
            <tr key={ms}>
              <th scope="row">{formatTime(ms, zone)}</th>
              {series.map((one) => (
                <td key={one.label} className="right number">
                  {format(one.values[at] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
