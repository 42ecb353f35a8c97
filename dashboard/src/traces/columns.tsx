// The columns that the trace list can show: what stands in each, how wide it is, what an export calls it.
import type { ReactNode } from "react";
import type { Trace } from "../api/schema.js";
import { formatBytes, formatCost, formatCount, formatDuration } from "../format/numbers.js";
import { formatAgo, formatClock, formatDay, formatTime, type Zone } from "../format/times.js";
import { StatusBadge } from "./outcome.js";

export type Column = {
  readonly id: string;
  readonly label: string;
  readonly widthPx: number;
  readonly isNumber?: boolean;
  readonly isDefault?: boolean;
  /** Columns of the API that an export takes for it. */
  readonly exports: readonly string[];
  readonly show: (trace: Trace, zone: Zone) => ReactNode;
};

const none = <span className="faint">–</span>;
const text = (value: string | null) => (value === null || value === "" ? none : value);

export function keyLabel({ name, prefix, id }: Trace["key"]): string {
  return name ?? prefix ?? id.slice(0, 8);
}

/** Tokens of the answer a second, counted from the first byte; null where it cannot be said. */
export function tokensPerSecond(trace: Trace): number | null {
  if (trace.completionTokens === null || trace.ttfbMs === null || !trace.streamed) return null;
  const ms = trace.latencyMs - trace.ttfbMs;
  return ms > 1 && trace.completionTokens > 0 ? (trace.completionTokens / ms) * 1000 : null;
}

function showTime(trace: Trace, zone: Zone): ReactNode {
  const ms = Date.parse(trace.createdAt);
  return (
    <time dateTime={trace.createdAt} title={`${formatTime(ms, "utc")} UTC · ${formatAgo(ms, Date.now())}`}>
      <span className="faint">{formatDay(ms, zone)}</span> {formatClock(ms, zone)}
    </time>
  );
}

/** The name under which another model answered; null where it is the one that was asked for, dated or not. */
export function servedModel({ model, responseModel }: Pick<Trace, "model" | "responseModel">): string | null {
  const asked = model?.slice(model.lastIndexOf("/") + 1) ?? "";
  return responseModel === null || responseModel.startsWith(asked) ? null : responseModel;
}

function showModel(trace: Trace): ReactNode {
  const { model, responseModel } = trace;
  const served = servedModel(trace);
  return (
    <span title={responseModel === null ? undefined : `asked for ${model}, served by ${responseModel}`}>
      {text(model)}
      {served === null ? null : <span className="faint"> → {served}</span>}
    </span>
  );
}

function showTokens(trace: Trace): ReactNode {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens, usageSource } = trace;
  if (promptTokens === null && completionTokens === null) return none;
  const more = [
    cachedTokens ? `${formatCount(cachedTokens)} cached` : null,
    reasoningTokens ? `${formatCount(reasoningTokens)} reasoning` : null,
    usageSource === "estimated" ? "estimated" : null,
  ].filter((one) => one !== null);
  return (
    <span title={more.length > 0 ? more.join(", ") : undefined}>
      {formatCount(promptTokens)} <span className="faint">→</span> {formatCount(completionTokens)}
      {usageSource === "estimated" ? <span className="faint"> ~</span> : null}
    </span>
  );
}

function showCost(trace: Pick<Trace, "estimatedCostUSD" | "usageSource">): ReactNode {
  if (trace.estimatedCostUSD !== null) return formatCost(trace.estimatedCostUSD);
  if (trace.usageSource === "none") return none;
  return (
    <span className="faint" title="No price is known for this model.">
      unpriced
    </span>
  );
}

const rate = (value: number | null) => (value === null ? none : value.toFixed(value < 10 ? 1 : 0));
const ms = (value: number | null) => (value === null ? none : formatDuration(value));

export const columns: readonly Column[] = [
  { id: "time", label: "Time", widthPx: 150, isDefault: true, exports: ["createdAt"], show: showTime },
  {
    id: "status",
    label: "Status",
    widthPx: 126,
    isDefault: true,
    exports: ["statusCode", "outcome"],
    show: (trace) => <StatusBadge trace={trace} />,
  },
  { id: "model", label: "Model", widthPx: 180, isDefault: true, exports: ["model", "responseModel"], show: showModel },
  {
    id: "provider",
    label: "Provider",
    widthPx: 94,
    isDefault: true,
    exports: ["provider"],
    show: (t) => text(t.provider),
  },
  { id: "key", label: "Key", widthPx: 104, isDefault: true, exports: ["keyName"], show: (t) => keyLabel(t.key) },
  {
    id: "tokens",
    label: "Tokens in → out",
    widthPx: 118,
    isNumber: true,
    isDefault: true,
    exports: ["promptTokens", "completionTokens"],
    show: showTokens,
  },
  {
    id: "cost",
    label: "Cost",
    widthPx: 84,
    isNumber: true,
    isDefault: true,
    exports: ["estimatedCostUSD"],
    show: showCost,
  },
  {
    id: "duration",
    label: "Duration",
    widthPx: 82,
    isNumber: true,
    isDefault: true,
    exports: ["latencyMs"],
    show: (t) => ms(t.latencyMs),
  },
  {
    id: "ttfb",
    label: "First byte",
    widthPx: 84,
    isNumber: true,
    isDefault: true,
    exports: ["ttfbMs"],
    show: (t) => ms(t.ttfbMs),
  },
  {
    id: "overhead",
    label: "Loom's share",
    widthPx: 98,
    isNumber: true,
    exports: ["gatewayOverheadMs"],
    show: (t) => ms(t.gatewayOverheadMs),
  },
  {
    id: "rate",
    label: "Tokens/s",
    widthPx: 80,
    isNumber: true,
    exports: ["completionTokens", "ttfbMs"],
    show: (t) => rate(tokensPerSecond(t)),
  },
  { id: "session", label: "Session", widthPx: 140, exports: ["sessionId"], show: (t) => text(t.sessionId) },
  { id: "user", label: "User", widthPx: 120, exports: ["endUser"], show: (t) => text(t.endUser) },
  { id: "tags", label: "Tags", widthPx: 140, exports: ["tags"], show: (t) => text(t.tags.join(", ")) },
  { id: "error", label: "Error code", widthPx: 150, exports: ["errorCode"], show: (t) => text(t.errorCode) },
  { id: "finish", label: "Finish", widthPx: 90, exports: ["finishReason"], show: (t) => text(t.finishReason) },
  { id: "attempts", label: "Tries", widthPx: 60, isNumber: true, exports: ["attempts"], show: (t) => t.attempts },
  {
    id: "streamed",
    label: "Streamed",
    widthPx: 84,
    exports: ["streamed"],
    show: (t) => (t.streamed ? "stream" : none),
  },
  { id: "endpoint", label: "Endpoint", widthPx: 170, exports: ["endpoint"], show: (t) => t.endpoint },
  {
    id: "sizes",
    label: "Bytes in → out",
    widthPx: 130,
    isNumber: true,
    exports: ["requestBytes", "responseBytes"],
    show: (t) => `${formatBytes(t.requestBytes)} → ${formatBytes(t.responseBytes)}`,
  },
  { id: "request", label: "Request id", widthPx: 150, exports: ["requestId"], show: (t) => text(t.requestId) },
  { id: "id", label: "Trace id", widthPx: 290, exports: ["id"], show: (t) => <span className="mono">{t.id}</span> },
];

const byId: ReadonlyMap<string, Column> = new Map(columns.map((column) => [column.id, column]));

const defaultColumns: readonly Column[] = columns.filter((column) => column.isDefault === true);

/** From `cols` of the URL; names that no longer exist are passed over, so that old views keep working. */
export function readColumns(names: string | undefined): readonly Column[] {
  const found = (names ?? "").split(",").flatMap((name) => byId.get(name) ?? []);
  return found.length > 0 ? found : defaultColumns;
}

/** As they stand in `cols`, the default ones too. */
export function nameColumns(chosen: readonly Column[]): string {
  return chosen.map((column) => column.id).join(",");
}

/** For the URL; undefined for the default. */
export function printColumns(chosen: readonly Column[]): string | undefined {
  const names = nameColumns(chosen);
  return names === nameColumns(defaultColumns) ? undefined : names;
}
