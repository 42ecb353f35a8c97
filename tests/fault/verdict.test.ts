// The oracle itself: whatever a gateway could do wrong with a record, the verdict calls by its name.
import { describe, expect, test } from "vitest";
import type { ClientNote } from "./support/client.js";
import { answerBytes, makePlan, requestBody } from "./support/plan.js";
import type { ProviderNote } from "./support/provider-process.js";
import { Chance } from "./support/random.js";
import type { Recorded } from "./support/recorded.js";
import { judge } from "./support/verdict.js";
import { describeFaults } from "./support/world.js";

const plan = makePlan("x-1", new Chance(7), { streamed: true, answerFill: 5000, asksUsage: false });
const whole = answerBytes(plan);
const clientNote: ClientNote = {
  plan,
  traceId: "t-1",
  status: 200,
  errorCode: null,
  retryAfter: null,
  bytes: answerBytes(plan, true),
  end: "whole",
  startedAtMs: 0,
  endedAtMs: 1,
  lastByteAtMs: 1,
};
const providerNote: ProviderNote = { received: 1, isSame: true, sentBytes: whole.length };
const row: Recorded = {
  id: "t-1",
  requestId: "x-1",
  outcome: "complete",
  statusCode: 200,
  errorCode: null,
  chain: "node/boot/0",
  seq: 1,
  request: requestBody(plan),
  response: whole,
};

function faultsOf(
  rows: readonly Recorded[],
  client: Partial<ClientNote> = {},
  provider: Partial<ProviderNote> = {},
  rolledUp = rows.length,
): string[] {
  const verdict = judge({
    client: new Map([[plan.id, { ...clientNote, ...client }]]),
    provider: new Map([[plan.id, { ...providerNote, ...provider }]]),
    database: { rows, dead: [], gaps: [], rolledUp },
  });
  return describeFaults(verdict).map((text) => text.replace(/ \(.*/, ""));
}

describe("the verdict", () => {
  test("finds nothing in a record that is what both sides saw", () => {
    expect(faultsOf([row])).toEqual([]);
  });

  test("finds nothing in an interrupted record that holds what a client saw of a killed process", () => {
    const bytes = whole.subarray(0, 300);
    expect(faultsOf([{ ...row, outcome: "interrupted", response: bytes }], { end: "cut", bytes })).toEqual([]);
  });

  test.each<[string, readonly Recorded[], Partial<ClientNote>, Partial<ProviderNote>, number?]>([
    ["missing", [], {}, {}],
    ["spurious", [row, { ...row, requestId: "y", seq: 2 }], {}, {}],
    ["duplicate", [row, { ...row, id: "t-2", seq: 2 }], {}, {}],
    ["sent twice", [row], {}, { received: 2 }],
    ["corrupted", [{ ...row, response: Buffer.concat([whole.subarray(0, -1), Buffer.from("x")]) }], {}, {}],
    ["corrupted", [{ ...row, response: whole.subarray(0, -1) }], { end: "cut" }, {}],
    ["corrupted", [{ ...row, response: "unopened" }], {}, {}],
    ["corrupted", [{ ...row, request: requestBody({ ...plan, requestFill: 3 }) }], {}, {}],
    ["corrupted", [row], { end: "cut" }, { sentBytes: whole.length - 1 }],
    ["whole for the client, not for the record", [{ ...row, outcome: "interrupted" }], {}, {}],
    [
      "client has more than the record",
      [{ ...row, outcome: "aborted", response: Buffer.alloc(0) }],
      { end: "left" },
      {},
    ],
    ["invented end", [row], { bytes: Buffer.from("data: [DONE]\n\n") }, {}],
    ["never ended", [row], { end: null }, {}],
    ["sequence gap", [{ ...row, seq: 2 }], {}, {}],
    ["rollups disagree", [row], {}, {}, 2],
  ])("finds %s", (fault, rows, client, provider, rolledUp) => {
    expect(faultsOf(rows, client, provider, rolledUp)).toContain(fault);
  });
});
