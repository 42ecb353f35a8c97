// What an error of the database means for the caller: is the row at fault, or the moment? PostgreSQL's appendix A
// names the classes; pg adds errors of node:net and a few of its own without any code.

/** The values are at fault and will be again: data exception, integrity constraint, program limit exceeded. */
const dataClasses = new Set(["22", "23", "54"]);

/** The connection or the server is away: connection exception, insufficient resources, operator intervention, I/O. */
const awayClasses = new Set(["08", "53", "57", "58"]);

/** The same statement may pass a moment later: rollback after a conflict, object in use. */
const conflictClasses = new Set(["40", "55"]);

/** The server answers but is not (yet, or no longer) the one to write to. */
const awayStates = new Set(["25006"]);

/** Cancelled by a time-out or by hand: the connection is whole. */
const cancelledState = "57014";

const socketCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  // A unix socket whose server is not there.
  "ENOENT",
]);

/** pg raises these without a code. */
const lostMessages =
  /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when trying to connect|Client was closed|Cannot use a pool after calling end)/;

/** The SQLSTATE of an error of the server, else null. */
export function readSqlState(error: unknown): string | null {
  const code = readCode(error);
  return code !== null && /^[0-9A-Z]{5}$/.test(code) && !socketCodes.has(code) ? code : null;
}

/** True when the values are at fault: trying the same row again gives the same error. */
export function isDataFault(error: unknown): boolean {
  return dataClasses.has(readSqlState(error)?.slice(0, 2) ?? "");
}

/** True when the database is away or cannot take anything now; the connection must be taken as lost. */
export function isConnectionLoss(error: unknown): boolean {
  const state = readSqlState(error);
  if (state !== null) return state !== cancelledState && (awayClasses.has(state.slice(0, 2)) || awayStates.has(state));
  if (error instanceof AggregateError) return error.errors.some(isConnectionLoss);
  const code = readCode(error);
  if (code !== null) return socketCodes.has(code);
  return error instanceof Error && lostMessages.test(error.message);
}

/** True when the same statement may pass later: every connection loss, and conflicts, locks and cancelled statements. */
export function isTryAgainLater(error: unknown): boolean {
  const state = readSqlState(error);
  if (state === cancelledState || conflictClasses.has(state?.slice(0, 2) ?? "")) return true;
  return isConnectionLoss(error);
}

function readCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
