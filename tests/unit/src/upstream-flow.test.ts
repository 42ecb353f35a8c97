import { describe, expect, it } from "vitest";
import { UpstreamFlow } from "../../../src/upstream-flow.js";

function forwarding(): { calls: string[]; pause: () => void; resume: () => void } {
  const calls: string[] = [];
  return { calls, pause: () => calls.push("pause"), resume: () => calls.push("resume") };
}

describe("the flow from a provider", () => {
  it("is paused by the first who asks and goes on after the last", () => {
    const upstream = forwarding();
    const flow = new UpstreamFlow();
    flow.attach(upstream);
    flow.set("client", "held");
    flow.set("record", "held");
    flow.set("client", "held");
    flow.set("client", "free");
    expect(upstream.calls).toEqual(["pause"]);
    flow.set("record", "free");
    flow.set("record", "free");
    expect(upstream.calls).toEqual(["pause", "resume"]);
  });

  it("starts paused when somebody asked before it began", () => {
    const upstream = forwarding();
    const flow = new UpstreamFlow();
    flow.set("record", "held");
    flow.attach(upstream);
    expect(upstream.calls).toEqual(["pause"]);
  });
});
