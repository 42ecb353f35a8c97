// What a row says of its exchange beside its columns, as the JSON of loom.traces.detail: the tries, the phases, when
// the bytes of a stream came, the client's program and headers. A lane writes it, the query API reads it.
import { limits } from "../limits.js";
import type { Attempt, StreamTimes, TraceBegin, TraceEnd } from "./record.js";

/** One try. Times are ms since the exchange began, with three decimals. */
export type AttemptDetail = Pick<Attempt, "provider" | "model" | "status" | "errorCode" | "startedMs" | "endedMs"> & {
  /** The provider's contract; null where nobody noted it. */
  readonly kind: string | null;
};

export type HeaderLine = { readonly name: string; readonly value: string };

/** Null is what is not known. */
export type RowDetail = {
  readonly attempts: readonly AttemptDetail[] | null;
  /** Until when the key was checked, and until when the exchange had its number. */
  readonly phases: { readonly authenticatedMs: number | null; readonly admittedMs: number | null } | null;
  readonly streamTimes: StreamTimes | null;
  readonly userAgent: string | null;
  /** Those that are recorded, of the request and of its provider's answer. */
  readonly requestHeaders: readonly HeaderLine[] | null;
  readonly answerHeaders: readonly HeaderLine[] | null;
};

/** What of a finished exchange is looked at. */
export type DetailSource = {
  readonly begin: Pick<TraceBegin, "authenticatedMs" | "admittedMs" | "userAgent" | "requestHeaders">;
  readonly end: Pick<TraceEnd, "outcome" | "attempts" | "streamTimes" | "answerHeaders">;
};

const attemptsMax = 16;

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function clip(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).toWellFormed();
}

function attemptOf({ provider, kind, model, status, errorCode, startedMs, endedMs }: Attempt) {
  return {
    provider: clip(provider, limits.columnTextMax),
    kind: kind === undefined ? undefined : clip(kind, limits.columnTextMax),
    model: clip(model, limits.columnTextMax),
    status,
    errorCode: errorCode === null ? undefined : clip(errorCode, limits.columnTextMax),
    startedMs: round(startedMs),
    endedMs: round(endedMs),
  };
}

/** Compact JSON; what is not known is left out. Of an exchange whose end never came, the tries are not known. */
export function writeRowDetail({ begin, end }: DetailSource): string {
  const { authenticatedMs, admittedMs, userAgent, requestHeaders } = begin;
  const { streamTimes, answerHeaders } = end;
  return JSON.stringify({
    attempts: end.outcome === "interrupted" ? undefined : end.attempts.slice(0, attemptsMax).map(attemptOf),
    authenticatedMs: authenticatedMs === undefined ? undefined : round(authenticatedMs),
    admittedMs: admittedMs === undefined ? undefined : round(admittedMs),
    stream: streamTimes && { every: streamTimes.every, ms: streamTimes.ms.map(round), bytes: streamTimes.bytes },
    userAgent: userAgent && clip(userAgent, limits.userAgentMax),
    requestHeaders: requestHeaders && clip(requestHeaders, limits.keptHeadersMax),
    answerHeaders: answerHeaders && clip(answerHeaders, limits.keptHeadersMax),
  });
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null;
const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);
const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

function readAttempt(value: unknown): AttemptDetail {
  const attempt = isRecord(value) ? value : {};
  return {
    provider: textOrNull(attempt["provider"]) ?? "",
    kind: textOrNull(attempt["kind"]),
    model: textOrNull(attempt["model"]) ?? "",
    status: numberOrNull(attempt["status"]),
    errorCode: textOrNull(attempt["errorCode"]),
    startedMs: numberOrNull(attempt["startedMs"]) ?? 0,
    endedMs: numberOrNull(attempt["endedMs"]) ?? 0,
  };
}

function readStream(value: unknown): StreamTimes | null {
  if (!isRecord(value)) return null;
  const { every, ms, bytes } = value as { every?: unknown; ms?: unknown; bytes?: unknown };
  if (
    typeof every !== "number" ||
    !Array.isArray(ms) ||
    !Array.isArray(bytes) ||
    ms.length !== bytes.length ||
    ms.length === 0
  )
    return null;
  return [...ms, ...bytes].every((one) => typeof one === "number") ? { every, ms, bytes } : null;
}

/** Lines of `name: value`. */
function readHeaders(value: unknown): HeaderLine[] | null {
  if (typeof value !== "string") return null;
  return value.split("\n").flatMap((line) => {
    const at = line.indexOf(": ");
    return at === -1 ? [] : [{ name: line.slice(0, at), value: line.slice(at + 2) }];
  });
}

/** `value` is the parsed column, null for NULL. Never throws: what does not have its shape is not known. */
export function readRowDetail(value: unknown): RowDetail {
  const detail = isRecord(value) ? value : {};
  const { attempts } = detail as { attempts?: unknown };
  const phases = {
    authenticatedMs: numberOrNull(detail["authenticatedMs"]),
    admittedMs: numberOrNull(detail["admittedMs"]),
  };
  return {
    attempts: Array.isArray(attempts) ? attempts.map(readAttempt) : null,
    phases: phases.authenticatedMs === null && phases.admittedMs === null ? null : phases,
    streamTimes: readStream(detail["stream"]),
    userAgent: textOrNull(detail["userAgent"]),
    requestHeaders: readHeaders(detail["requestHeaders"]),
    answerHeaders: readHeaders(detail["answerHeaders"]),
  };
}
