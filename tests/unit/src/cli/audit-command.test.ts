import { expect, it } from "vitest";
import type { Verification } from "../../../../src/cli/verification-text.js";
import { makeTools } from "./fake-tools.js";

const whole: Verification = {
  state: "whole",
  reasons: [],
  findings: [],
  findingsCount: 0,
  chains: 2,
  windows: 40,
  rows: 12_345,
  dead: 1,
  gaps: 0,
  gone: 0,
  open: 3,
  auditEvents: 9,
  unsealedEvents: 1,
  checkpoints: 4,
  ms: 100,
};

type Call = { config: unknown; name: string; input: Readonly<Record<string, unknown>> };

function toolsFor(answer: unknown) {
  const calls: Call[] = [];
  const made = makeTools({
    callAudit: async <Answer>(config: unknown, name: string, input: object) => {
      calls.push({ config, name, input: { ...input } });
      if (answer instanceof Error) throw answer;
      return answer as Answer;
    },
  });
  return { ...made, calls };
}

it("verify says what it saw, and ends with 0 for a whole ledger", async () => {
  const { run, calls } = toolsFor(whole);
  const { code, out } = await run("audit", "verify", "--tenant", "acme", "--key", "a.pub", "b.pub", "--since", "7d");
  expect(code).toBe(0);
  expect(out).toContain("Whole: 12,345 rows in 40 windows of 2 chains, 123,450 rows/s; 1 dead, 0 gaps");
  expect(calls[0]).toMatchObject({ name: "verifyLedger", input: { tenant: "acme", keyFiles: ["a.pub", "b.pub"] } });
});

it("verify names what it found, and ends with 1", async () => {
  const findings = Array.from({ length: 25 }, (_, index) => ({ message: `Row ${index} is missing.` }));
  const { run } = toolsFor({ ...whole, state: "broken", findings, findingsCount: 30 });
  const { code, out } = await run("audit", "verify");
  expect(code).toBe(1);
  expect(out).toContain("Row 0 is missing.\n");
  expect(out).toContain("... and 10 more.\nBroken: ");
});

it("verify ends with 2 when it could not tell, whatever the reason", async () => {
  const unclear = toolsFor({ ...whole, state: "unclear", reasons: ["No trusted public key was given."] });
  expect(await unclear.run("audit", "verify")).toMatchObject({ code: 2, out: expect.stringContaining("No trusted") });
  const away = toolsFor(new Error("connect ECONNREFUSED"));
  const { code, error } = await away.run("audit", "verify");
  expect([code, error]).toEqual([2, "Could not tell: connect ECONNREFUSED\n"]);
});

it("verify prints JSON, with the same exit codes", async () => {
  const { run } = toolsFor({ ...whole, state: "broken" });
  const { code, out } = await run("audit", "verify", "--json");
  expect([code, JSON.parse(out).rows]).toEqual([1, 12_345]);
});

it("a bundle is verified without the database", async () => {
  const { run, calls } = toolsFor(whole);
  await run("audit", "verify", "--bundle", "may.jsonl");
  expect(calls[0]).toMatchObject({ config: null, name: "verifyBundle", input: { file: "may.jsonl" } });
});

it("export hands over its times", async () => {
  const { run, calls } = toolsFor(undefined);
  const { code, out } = await run("audit", "export", "--since", "2027-05-01", "--until", "2027-06-01", "--out", "x");
  expect([code, out]).toEqual([0, "Wrote x. Check it with: loom audit verify --bundle x\n"]);
  const [sinceMs, untilMs] = [Date.parse("2027-05-01"), Date.parse("2027-06-01")];
  expect(calls[0]).toMatchObject({ name: "exportLedger", input: { file: "x", sinceMs, untilMs } });
});

it("report prints days and their sum", async () => {
  const total = { admitted: 4, recorded: 3, interrupted: 1, dead: 1, gaps: 0 };
  const { run } = toolsFor({ days: [{ day: "2027-05-01", ...total }], total, open: 2 });
  const { out } = await run("audit", "report");
  expect(out).toMatch(/2027-05-01 +4 +3 +1 +1 +0\n +in sum +4|2027-05-01 +4 +3 +1 +1 +0\nin sum +4/);
  expect(out).toContain("2 more were admitted and are not accounted for yet.");
});
