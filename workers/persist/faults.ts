// What a failed transaction means for the rows in it.
import { readSqlState } from "../../src/postgres/sqlstate.js";

/**
 * SQLSTATE classes that say nothing about a row: connection, feature, transaction state, authorisation, catalogue,
 * conflict, syntax or missing object (a schema that is not migrated yet), resources, object state, operator, I/O.
 */
const momentClasses = new Set(["08", "0A", "25", "28", "3D", "40", "42", "53", "55", "57", "58"]);
/** Malformed binary data; the server files it under its connection class. */
const protocolViolation = "08P01";
const uniqueViolation = "23505";
const checkViolation = "23514";

/**
 * `doubled`: a row is there already. `partition`: no partition takes the row. `row`: a row is at fault and will be
 * again. `moment`: the database cannot take anything now.
 */
export type Fault = "doubled" | "partition" | "row" | "moment";

/** `error` came over a connection that is still open; an error without a SQLSTATE is our own, about a row. */
export function readFault(error: unknown): Fault {
  const state = readSqlState(error);
  // Another writer of the same chain was faster; the next try reads where the chain is.
  if (state === uniqueViolation && readField(error, "table") === "ledger_windows") return "moment";
  if (state === uniqueViolation) return "doubled";
  // A CHECK constraint has the same SQLSTATE, but a name.
  if (state === checkViolation && readField(error, "constraint") === null) return "partition";
  if (state !== null && state !== protocolViolation && momentClasses.has(state.slice(0, 2))) return "moment";
  return "row";
}

/** The row, counted from 0, that the server named ("COPY traces, line 5"); null when it named none. */
export function readFaultyRow(error: unknown): number | null {
  const line = /^COPY \S+, line (\d+)/m.exec(readField(error, "where") ?? "")?.[1];
  return line === undefined ? null : Number(line) - 1;
}

/** The server's message. Never its detail, which quotes the row. */
export function readReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readField(error: unknown, name: "constraint" | "table" | "where"): string | null {
  const value = (error as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof value === "string" ? value : null;
}
