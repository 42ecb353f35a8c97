// Which errors blame the row, which the moment, and which neither.
import { describe, expect, it } from "vitest";
import { isConnectionLoss, isDataFault, isTryAgainLater, readSqlState } from "../../../../src/postgres/sqlstate.js";

function failure(code: string | undefined, message = "it failed"): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

function judge(error: unknown): string {
  if (isDataFault(error)) return "data";
  if (isConnectionLoss(error)) return "away";
  return isTryAgainLater(error) ? "again" : "neither";
}

describe("sqlstate", () => {
  it.each([
    ["22P02", "data"],
    ["23514", "data"],
    ["54000", "data"],
    ["08006", "away"],
    ["53300", "away"],
    ["53100", "away"],
    ["57P01", "away"],
    ["57P03", "away"],
    ["58030", "away"],
    ["25006", "away"],
    ["57014", "again"],
    ["40001", "again"],
    ["40P01", "again"],
    ["55P03", "again"],
    ["42P01", "neither"],
    ["28P01", "neither"],
    ["3D000", "neither"],
    ["XX000", "neither"],
    ["ECONNREFUSED", "away"],
    ["ECONNRESET", "away"],
    ["EPIPE", "away"],
    ["ENOENT", "away"],
    ["ERR_INVALID_ARG_TYPE", "neither"],
  ])("%s means %s", (code, verdict) => {
    expect(judge(failure(code))).toBe(verdict);
  });

  it.each([
    "Connection terminated unexpectedly",
    "Connection terminated due to connection timeout",
    "timeout exceeded when trying to connect",
    "Client has encountered a connection error and is not queryable",
  ])("knows pg's own error without a code: %s", (message) => {
    expect(judge(failure(undefined, message))).toBe("away");
  });

  it("looks into the errors of a host with several addresses", () => {
    expect(judge(new AggregateError([failure("ECONNREFUSED"), failure("ECONNREFUSED")]))).toBe("away");
    expect(judge(new AggregateError([failure("EOTHER")]))).toBe("neither");
  });

  it("does not take a five-letter socket code for a state", () => {
    expect(readSqlState(failure("EPIPE"))).toBeNull();
    expect(readSqlState(failure("23505"))).toBe("23505");
  });

  it.each([null, undefined, "text", 5, {}, new Error("other")])("says nothing about %s", (error) => {
    expect(judge(error)).toBe("neither");
  });
});
