// Where the time went: Loom's own phases and each try on a provider, on one axis. A table, so that it reads aloud too.
import type { Attempt, TraceDetail } from "../api/schema.js";
import { formatDuration } from "../format/numbers.js";
import { Badge } from "../parts/badge.js";
import "./tab-body.css";
import "./waterfall.css";

export type Phase = {
  readonly name: string;
  readonly detail: string;
  readonly kind: "loom" | "wait" | "stream" | "failed";
  readonly fromMs: number;
  readonly toMs: number;
};

const shortestMs = 0.005;

/** The phases of a trace in order, without gaps longer than the clock can tell. */
function readPhases(trace: TraceDetail): Phase[] {
  const attempts = trace.attemptList ?? [];
  const phases: Phase[] = [];
  let at = 0;
  attempts.forEach((attempt, index) => {
    if (index === 0) phases.push(...loomBegin(trace, attempt.startedMs));
    else if (attempt.startedMs - at > shortestMs)
      phases.push(loomPhase("Choose the next target", at, attempt.startedMs));
    phases.push(...attemptPhases(attempt, index === attempts.length - 1 ? trace : null));
    at = attempt.endedMs;
  });
  if (attempts.length === 0 && trace.attempts > 0 && trace.ttfbMs !== null) {
    phases.push(...coarsePhases(trace, trace.ttfbMs));
    at = trace.latencyMs;
  }
  if (phases.length === 0) return trace.phases === null ? [loomPhase("Loom", 0, trace.latencyMs)] : loomOnly(trace);
  if (trace.latencyMs - at > shortestMs) phases.push(loomPhase("Record, then end the answer", at, trace.latencyMs));
  return phases;
}

/** What Loom does before the first try. */
function loomBegin({ phases }: TraceDetail, endMs: number): Phase[] {
  const { authenticatedMs, admittedMs } = phases ?? { authenticatedMs: null, admittedMs: null };
  if (authenticatedMs === null || admittedMs === null)
    return endMs > shortestMs ? [loomPhase("Authenticate, route, admit", 0, endMs)] : [];
  return [
    loomPhase("Authenticate", 0, authenticatedMs),
    loomPhase("Read, route, admit", authenticatedMs, admittedMs),
    loomPhase("Keep the record's begin", admittedMs, endMs),
  ].filter(({ fromMs, toMs }) => toMs - fromMs > shortestMs);
}

/** Of an exchange that no provider was tried for. */
function loomOnly(trace: TraceDetail): Phase[] {
  const begun = loomBegin(trace, trace.latencyMs);
  const last = begun.at(-1);
  return last === undefined ? [] : [...begun.slice(0, -1), { ...last, name: "Record, then answer" }];
}

/** Without the times of the tries: Loom's share stands in front as one piece, though a part of it comes at the end. */
function coarsePhases(trace: TraceDetail, ttfbMs: number): Phase[] {
  const { gatewayOverheadMs, latencyMs, attempts, provider, responseModel, model, outcome } = trace;
  const loomMs = Math.min(gatewayOverheadMs, ttfbMs);
  const name = `${provider ?? "provider"} · ${responseModel ?? model ?? ""}`;
  const tries = attempts > 1 ? `${attempts} tries` : "to the first byte";
  return [
    { name: "Loom, in all", detail: "Loom", kind: "loom", fromMs: 0, toMs: loomMs },
    { name, detail: tries, kind: outcome === "error" ? "failed" : "wait", fromMs: loomMs, toMs: ttfbMs },
    { name, detail: trace.streamed ? "stream" : "body", kind: "stream", fromMs: ttfbMs, toMs: latencyMs },
  ];
}

function loomPhase(name: string, fromMs: number, toMs: number): Phase {
  return { name, detail: "Loom", kind: "loom", fromMs, toMs };
}

function attemptPhases(attempt: Attempt, trace: TraceDetail | null): Phase[] {
  const { provider, model, status, errorCode, startedMs, endedMs } = attempt;
  const name = `${provider} · ${model}`;
  if (errorCode !== null || (status !== null && status >= 400)) {
    return [
      {
        name,
        detail: [status, errorCode].filter((one) => one !== null).join(" "),
        kind: "failed",
        fromMs: startedMs,
        toMs: endedMs,
      },
    ];
  }
  const ttfbMs = trace?.ttfbMs ?? null;
  if (ttfbMs === null || ttfbMs <= startedMs || ttfbMs >= endedMs) {
    return [{ name, detail: status === null ? "" : String(status), kind: "wait", fromMs: startedMs, toMs: endedMs }];
  }
  return [
    { name, detail: "to the first byte", kind: "wait", fromMs: startedMs, toMs: ttfbMs },
    { name, detail: trace?.streamed === true ? "stream" : "body", kind: "stream", fromMs: ttfbMs, toMs: endedMs },
  ];
}

export function Waterfall({ trace, scaleMs }: { readonly trace: TraceDetail; readonly scaleMs?: number }) {
  const phases = readPhases(trace);
  const wholeMs = Math.max(scaleMs ?? trace.latencyMs, 0.001);
  const share = (ms: number): string => `${Math.min(100, (ms / wholeMs) * 100)}%`;
  return (
    <div className="tab-body">
      <table className="waterfall">
        <caption className="unseen">Phases of the request with begin and length</caption>
        <thead>
          <tr>
            <th scope="col">Phase</th>
            <th scope="col" className="waterfall-axis number">
              <span>0</span>
              <span>{formatDuration(wholeMs / 2)}</span>
              <span>{formatDuration(wholeMs)}</span>
            </th>
            <th scope="col" className="right">
              Length
            </th>
          </tr>
        </thead>
        <tbody>
          {phases.map((phase) => (
            <tr key={`${phase.name} ${phase.fromMs}`}>
              <th scope="row">
                <div className="waterfall-name">
                  <span className="cut">{phase.name}</span>
                  {phase.detail === "" ? null : (
                    <Badge tone={phase.kind === "failed" ? "bad" : "plain"}>{phase.detail}</Badge>
                  )}
                </div>
              </th>
              <td>
                <div className="waterfall-lane">
                  <div
                    className="waterfall-bar"
                    data-kind={phase.kind}
                    style={{ marginLeft: share(phase.fromMs), width: `max(2px, ${share(phase.toMs - phase.fromMs)})` }}
                  />
                </div>
              </td>
              <td className="right number">{formatDuration(phase.toMs - phase.fromMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul className="legend">
        <li data-kind="loom">Loom</li>
        <li data-kind="wait">Waiting for the provider</li>
        <li data-kind="stream">Answer arriving</li>
        <li data-kind="failed">Failed try</li>
      </ul>
      <p className="muted">
        Loom's own share is {formatDuration(trace.gatewayOverheadMs)} of {formatDuration(trace.latencyMs)}: all but the
        wait for the provider{trace.attempts > 1 ? `, over ${trace.attempts} tries` : ""}.
      </p>
    </div>
  );
}
