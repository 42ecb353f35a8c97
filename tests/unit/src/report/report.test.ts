import { Writable } from "node:stream";
import { type Level, pino } from "pino";
import { describe, expect, it } from "vitest";
import type { LoomEvent } from "../../../../src/report/events.js";
import { makeLogger, openReport } from "../../../../src/report/report.js";

function open(level: Level = "trace") {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { lines, report: openReport(pino({ level, base: null, timestamp: false }, sink)) };
}

const all: LoomEvent[] = [
  { name: "exchange_refused", code: "not_found", path: "/x" },
  { name: "exchange_failed", code: "internal_error", traceId: "t", message: "m" },
  { name: "exchange_unrecorded", lane: 0, traceId: "t", tenantId: "t", reason: "r" },
  { name: "traces_recorded", lane: 0, rows: 5, bytes: 10, ms: 1 },
  { name: "traces_repeated", lane: 0, rows: 2 },
  { name: "batch_split", lane: 0, rows: 9 },
  { name: "trace_dead", lane: 0, id: "i", tenantId: "t", reason: "r" },
  { name: "traces_lost", lane: 0, ids: ["a", "b"], reason: "r" },
  { name: "lane_started", lane: 0 },
  { name: "lane_crashed", lane: 0, reason: "r", exchanges: 2 },
  { name: "database_away", who: "lane", reason: "r" },
  { name: "database_back", who: "lane", awayMs: 5 },
  { name: "pool_replaced", origin: "http://a", reason: "r" },
  { name: "settings_changed", tenantId: "t" },
  { name: "provider_setting_unusable", tenantId: "t", provider: "p", reason: "r" },
];

describe("the report", () => {
  it("writes each event as one line with its name and its fields", () => {
    const { lines, report } = open();
    for (const event of all) report.emit(event);
    expect(lines.map((line) => line["msg"])).toEqual(all.map((event) => event.name));
    expect(lines[0]).toEqual({ level: 30, code: "not_found", path: "/x", msg: "exchange_refused" });
  });

  it("calls an error what lost a trace or failed an exchange", () => {
    const { lines, report } = open("error");
    for (const event of all) report.emit(event);
    const names = ["exchange_failed", "exchange_unrecorded", "trace_dead", "traces_lost", "lane_crashed"];
    expect(lines.map((line) => line["msg"])).toEqual(names);
  });

  it("counts, also what is not logged", () => {
    const { report } = open("fatal");
    for (const event of [...all, ...all]) report.emit(event);
    expect(report.counters).toEqual({
      tracesRecorded: 10,
      tracesDead: 2,
      tracesLost: 4,
      exchangesRefused: 2,
      exchangesUnrecorded: 2,
      exchangesFailed: 2,
      laneCrashes: 2,
    });
  });

  it("has a logger of the level asked for", () => {
    expect(makeLogger("warn", false).level).toBe("warn");
    expect(makeLogger("silent", false).level).toBe("silent");
  });
});
