import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Countdown } from "../../../../src/listen/countdown.js";

describe("a countdown", () => {
  let calls: string[] = [];
  let countdown: Countdown;
  beforeEach(() => {
    vi.useFakeTimers();
    calls = [];
    countdown = new Countdown(
      () => calls.push("wake"),
      () => calls.push("expired"),
    );
  });
  afterEach(() => vi.useRealTimers());

  it("expires once, at its time", () => {
    countdown.start(1000);
    vi.advanceTimersByTime(999);
    expect([calls, countdown.isRunning]).toEqual([[], true]);
    vi.advanceTimersByTime(1);
    expect([calls, countdown.isRunning]).toEqual([["expired"], false]);
    vi.advanceTimersByTime(60_000);
    expect(calls).toEqual(["expired"]);
  });

  it("wakes every four seconds before", () => {
    countdown.start(9000);
    vi.advanceTimersByTime(9000);
    expect(calls).toEqual(["wake", "wake", "expired"]);
  });

  it("moves when it is extended, and begins anew when it is started again", () => {
    countdown.start(1000);
    countdown.extend(500);
    vi.advanceTimersByTime(1000);
    expect(calls).toEqual(["wake"]);
    countdown.start(1000);
    vi.advanceTimersByTime(999);
    expect(calls).toEqual(["wake"]);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(["wake", "expired"]);
  });

  it("says nothing once it is stopped", () => {
    countdown.start(1000);
    countdown.stop();
    vi.advanceTimersByTime(5000);
    expect([calls, countdown.isRunning]).toEqual([[], false]);
  });
});
