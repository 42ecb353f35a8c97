// One run of the playground: sends, reads the answer as it comes, and tells what it was. Leaving or stopping cancels.
import { useCallback, useEffect, useRef, useState } from "react";
import { send as sendRequest } from "../api/ask.js";
import { describeFailure } from "../parts/states.js";

export type Run = {
  readonly state: "idle" | "running" | "done" | "failed" | "stopped";
  /** Everything that has come so far. */
  readonly text: string;
  readonly fault: string | null;
  readonly traceId: string | null;
  readonly firstByteMs: number | null;
  readonly elapsedMs: number | null;
};

const idle: Run = { state: "idle", text: "", fault: null, traceId: null, firstByteMs: null, elapsedMs: null };

/** At most this often is the answer drawn anew, ms. */
const drawEveryMs = 40;

export function useRun(): {
  readonly run: Run;
  readonly send: (body: unknown, replayOf: string | null) => Promise<void>;
  readonly stop: () => void;
} {
  const [run, setRun] = useState<Run>(idle);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const send = useCallback(async (body: unknown, replayOf: string | null) => {
    const stop = new AbortController();
    running.current?.abort();
    running.current = stop;
    const startedAt = performance.now();
    setRun({ ...idle, state: "running" });
    try {
      const headers = { "x-session-id": replayOf === null ? "playground" : `replay-${replayOf}` };
      const response = await sendRequest("/v1/chat/completions", {
        method: "POST",
        body,
        headers,
        signal: stop.signal,
      });
      const traceId = response.headers.get("x-loom-trace-id");
      await readAnswer(response, (text, isDone) => {
        const elapsedMs = performance.now() - startedAt;
        setRun((before) => ({
          state: isDone ? "done" : "running",
          text,
          fault: null,
          traceId,
          firstByteMs: before.firstByteMs ?? elapsedMs,
          elapsedMs,
        }));
      });
    } catch (error) {
      const state = stop.signal.aborted ? "stopped" : "failed";
      const traceId = error instanceof Error && "traceId" in error ? (error.traceId as string | null) : null;
      const fault = stop.signal.aborted ? null : describeFailure(error);
      setRun((before) => ({
        ...before,
        state,
        fault,
        traceId: before.traceId ?? traceId,
        elapsedMs: performance.now() - startedAt,
      }));
    }
  }, []);
  const stop = useCallback(() => running.current?.abort(), []);
  return { run, send, stop };
}

async function readAnswer(response: Response, onText: (text: string, isDone: boolean) => void): Promise<void> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let drawnAt = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    if (performance.now() - drawnAt > drawEveryMs) {
      drawnAt = performance.now();
      onText(text, false);
    }
  }
  onText(text, true);
}
