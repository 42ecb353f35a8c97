// The time that sealing one body takes, in the code that the lanes run, on the bench's own thread.
import { randomBytes, randomUUID } from "node:crypto";
import { KeyRing } from "../workers/seal/key-ring.js";
import { Sealer } from "../workers/seal/seal.js";
import { largeBody } from "./load/bodies.js";
import { percentile, sortSamples } from "./statistics.js";

const warmUp = 5000;
const measured = 20_000;

/** µs for one body of about so many bytes. */
export function timeSealing(bytes: number): { readonly p50Us: number; readonly p99Us: number } {
  const sealer = new Sealer(new KeyRing(`1:${randomBytes(32).toString("base64")}`), randomUUID());
  const keySalt = randomBytes(32).toString("base64");
  const subject = { tenantId: randomUUID(), keySalt, createdAtMs: Date.now(), id: randomUUID() };
  const body = Buffer.from(largeBody(bytes)).subarray(0, bytes);
  const timesUs = new Float64Array(measured);
  for (let at = -warmUp; at < measured; at += 1) {
    const startMs = performance.now();
    sealer.sealBody(subject, "request_body", "identity", body, 1);
    if (at >= 0) timesUs[at] = (performance.now() - startMs) * 1000;
  }
  const sorted = sortSamples(timesUs);
  return { p50Us: percentile(sorted, 0.5), p99Us: percentile(sorted, 0.99) };
}
