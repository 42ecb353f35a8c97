// The facts or the parameters of two traces in a table: what differs first, what is equal folded away.
import type { TraceDetail } from "../api/schema.js";
import { formatBytes, formatCost, formatCount, formatDuration } from "../format/numbers.js";
import type { ChatRequest } from "../trace/read-conversation.js";
import { keyLabel } from "../traces/columns.js";

type Row = readonly [name: string, one: string, other: string];

const facts: readonly (readonly [name: string, read: (trace: TraceDetail) => string])[] = [
  ["Outcome", (trace) => `${trace.statusCode} ${trace.outcome}`],
  ["Model asked", (trace) => trace.model ?? "–"],
  ["Model served", (trace) => trace.responseModel ?? "–"],
  ["Provider", (trace) => trace.provider ?? "–"],
  ["Key", (trace) => keyLabel(trace.key)],
  ["Streamed", (trace) => (trace.streamed ? "yes" : "no")],
  ["Duration", (trace) => formatDuration(trace.latencyMs)],
  ["First byte", (trace) => formatDuration(trace.ttfbMs)],
  ["Loom's share", (trace) => formatDuration(trace.gatewayOverheadMs)],
  ["Tries", (trace) => String(trace.attempts)],
  ["Tokens in", (trace) => formatCount(trace.promptTokens)],
  ["of them cached", (trace) => formatCount(trace.cachedTokens)],
  ["Tokens out", (trace) => formatCount(trace.completionTokens)],
  ["of them reasoning", (trace) => formatCount(trace.reasoningTokens)],
  ["Cost", (trace) => (trace.estimatedCostUSD === null ? "unpriced" : formatCost(trace.estimatedCostUSD))],
  ["Finish", (trace) => trace.finishReason ?? "–"],
  ["Error", (trace) => trace.errorCode ?? "–"],
  ["Request", (trace) => formatBytes(trace.requestBytes)],
  ["Answer", (trace) => formatBytes(trace.responseBytes)],
  ["Session", (trace) => trace.sessionId ?? "–"],
];

export type FactTableProps = {
  readonly one: TraceDetail;
  readonly other: TraceDetail;
  /** Their parameters instead of their facts. */
  readonly requests: readonly [ChatRequest | null, ChatRequest | null] | null;
};

export function FactTable({ one, other, requests }: FactTableProps) {
  const rows: Row[] =
    requests === null
      ? facts.map(([name, read]): Row => [name, read(one), read(other)])
      : parameterRows(requests[0], requests[1]);
  const different = rows.filter(([, left, right]) => left !== right);
  const equal = rows.filter(([, left, right]) => left === right);
  const title = requests === null ? "Facts" : "Parameters";
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        <span className="faint">
          {different.length} differ, {equal.length} are equal
        </span>
      </div>
      <table className="list compare-table">
        <caption className="unseen">{title} that differ</caption>
        <tbody>
          {different.map((row) => (
            <TableRow key={row[0]} row={row} />
          ))}
        </tbody>
      </table>
      {equal.length > 0 ? (
        <details className="folded compare-equal">
          <summary>Equal in both</summary>
          <table className="list compare-table">
            <tbody>
              {equal.map((row) => (
                <TableRow key={row[0]} row={row} />
              ))}
            </tbody>
          </table>
        </details>
      ) : null}
    </section>
  );
}

function TableRow({ row: [name, left, right] }: { readonly row: Row }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="number">{left}</td>
      <td className="number">{right}</td>
    </tr>
  );
}

function parameterRows(one: ChatRequest | null, other: ChatRequest | null): Row[] {
  const left = { ...one?.parameters, messages: `${one?.messages.length ?? 0} messages`, tools: one?.tools.join(", ") };
  const right = {
    ...other?.parameters,
    messages: `${other?.messages.length ?? 0} messages`,
    tools: other?.tools.join(", "),
  };
  const show = (value: unknown): string =>
    (value === undefined || value === "" ? "–" : typeof value === "string" ? value : JSON.stringify(value)).slice(
      0,
      300,
    );
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return names.map((name) => [
    name,
    show((left as Record<string, unknown>)[name]),
    show((right as Record<string, unknown>)[name]),
  ]);
}
