import { MessageChannel } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import { MeasuredPort } from "../../../../src/hand-off/measured-port.js";
import type { FromLane } from "../../../../src/trace/lane-messages.js";

describe("a lane's port", () => {
  it("tells once for each batch how long its acknowledgement took, and passes everything on", async () => {
    const { port1, port2 } = new MessageChannel();
    const times: number[] = [];
    const heard: FromLane[] = [];
    const port = new MeasuredPort(port1, (ms) => times.push(ms));
    port.on("message", (message) => heard.push(message));
    for (const batch of [1, 2, 3]) {
      const bytes = new ArrayBuffer(10);
      port.postMessage({ type: "frames", batch, bytes }, [bytes]);
    }
    expect(port.bytes).toBe(30);
    const acknowledged = (batch: number): FromLane => ({ type: "acknowledged", batch, backlogBytes: 0 });
    port2.postMessage({ type: "settled", seqs: [1] } satisfies FromLane);
    for (const batch of [2, 2, 3]) port2.postMessage(acknowledged(batch));
    await vi.waitFor(() => expect(heard).toHaveLength(4), { interval: 2 });
    expect(times).toHaveLength(3);
    expect(times.every((ms) => ms > 0 && ms < 5000)).toBe(true);
    expect(port.bytes).toBe(0);
    port.close();
    port2.close();
  });
});
