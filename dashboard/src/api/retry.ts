// When a question is asked again by itself.
import { ApiFailure } from "./ask.js";

const triesMax = 2;
/** How old a trace may be before its absence means that there is none. */
const recordedWithinMs = 10_000;

/** What the gateway refused, it will refuse again; a gateway that is away may come back. */
export function retryFailure(failures: number, error: Error): boolean {
  return failures < triesMax && (!(error instanceof ApiFailure) || error.status === 0 || error.status >= 500);
}

/** The time in a trace's id, a UUID of version 7 (RFC 9562, section 5.7): Unix milliseconds, or NaN. */
function madeAtMs(id: string): number {
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}

/** An exchange is answered before it is recorded: a trace that began just now is asked for until it is there. */
export function retryTrace(id: string): (failures: number, error: Error) => boolean {
  return (failures, error) => {
    const isMissing = error instanceof ApiFailure && error.status === 404;
    return isMissing ? Math.abs(Date.now() - madeAtMs(id)) < recordedWithinMs : retryFailure(failures, error);
  };
}

/** Milliseconds until the next try: short ones first, because a record is seldom more than one flush away. */
export function retryDelay(failures: number): number {
  return Math.min(200 * 2 ** failures, 2000);
}
