// The live tail: what the gateway pushes over server-sent events, with the filter that the list has. Rows are held back
// while the reader looks at older ones, so that nothing moves under the eyes.
import { EventSourceParserStream } from "eventsource-parser/stream";
import { useCallback, useEffect, useReducer } from "react";
import { ApiFailure, send } from "../api/ask.js";
import type { LiveFault, LiveTraces, Trace } from "../api/schema.js";

const rowsMax = 500;
const retryMs = 2000;

export type LiveTail = {
  readonly state: "off" | "joining" | "on" | "away";
  readonly fault: string | null;
  /** Newest first. */
  readonly shown: readonly Trace[];
  readonly held: readonly Trace[];
  /** Rows that matched and were not sent, to stay readable. */
  readonly leftOut: number;
  readonly release: () => void;
};

type State = Omit<LiveTail, "release">;
type Step =
  | { readonly kind: "reset"; readonly state: "off" | "joining" }
  | { readonly kind: "joined" }
  | { readonly kind: "away"; readonly fault: string }
  | { readonly kind: "rows"; readonly rows: readonly Trace[]; readonly leftOut: number }
  | { readonly kind: "release" };

const empty: State = { state: "off", fault: null, shown: [], held: [], leftOut: 0 };

function reduce(before: State, step: Step): State {
  switch (step.kind) {
    case "reset":
      return { ...empty, state: step.state };
    case "joined":
      return { ...before, state: "on", fault: null };
    case "away":
      return { ...before, state: "away", fault: step.fault };
    case "rows":
      return {
        ...before,
        state: "on",
        fault: null,
        held: [...step.rows.toReversed(), ...before.held].slice(0, rowsMax),
        leftOut: before.leftOut + step.leftOut,
      };
    case "release":
      return { ...before, shown: [...before.held, ...before.shown].slice(0, rowsMax), held: [] };
  }
}

export function useLiveTail(q: string, isOn: boolean, isHeld: boolean): LiveTail {
  const [state, dispatch] = useReducer(reduce, empty);
  useEffect(() => {
    dispatch({ kind: "reset", state: isOn ? "joining" : "off" });
    if (!isOn) return;
    const stop = new AbortController();
    void follow(q, stop.signal, dispatch);
    return () => stop.abort();
  }, [q, isOn]);
  const hasHeld = state.held.length > 0;
  useEffect(() => {
    if (!isHeld && hasHeld) dispatch({ kind: "release" });
  }, [isHeld, hasHeld]);
  const release = useCallback(() => dispatch({ kind: "release" }), []);
  return { ...state, release };
}

/** Reads until it is stopped; joins again when the connection ends. */
async function follow(q: string, signal: AbortSignal, dispatch: (step: Step) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await readOnce(q, signal, dispatch);
      dispatch({ kind: "away", fault: "The live tail ended; joining again." });
    } catch (error) {
      if (signal.aborted) return;
      dispatch({ kind: "away", fault: error instanceof Error ? error.message : String(error) });
      // A refused filter stays refused.
      if (error instanceof ApiFailure && error.status >= 400 && error.status < 500 && error.status !== 429) return;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

async function readOnce(q: string, signal: AbortSignal, dispatch: (step: Step) => void): Promise<void> {
  const response = await send("/v1/traces/live", { query: { q }, signal });
  if (response.body === null) return;
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  for (;;) {
    const { done, value } = await events.read();
    if (done) return;
    if (value.event === "ready") dispatch({ kind: "joined" });
    else if (value.event === "traces") {
      const { data, leftOut } = JSON.parse(value.data) as LiveTraces;
      dispatch({ kind: "rows", rows: data, leftOut });
    } else if (value.event === "fault") {
      dispatch({ kind: "away", fault: (JSON.parse(value.data) as LiveFault).message });
    }
  }
}
