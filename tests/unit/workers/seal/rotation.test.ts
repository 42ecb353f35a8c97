// A rotation while bodies are being sealed: what a row says of its key must be what both of its bodies were sealed with.
import { expect, it } from "vitest";
import { KeyRing } from "../../../../workers/seal/key-ring.js";
import { openBody } from "../../../../workers/seal/open.js";
import { type SealedBodies, Sealer } from "../../../../workers/seal/seal.js";

const master = (version: number) => `${version}:${Buffer.alloc(32, version).toString("base64")}`;
const subject = {
  tenantId: "0190a1b2-0000-7000-8000-00000000000a",
  keySalt: Buffer.alloc(32, 7).toString("base64"),
  createdAtMs: Date.UTC(2026, 10, 21, 12),
  id: "0190a1b2-0000-7000-8000-0000000000aa",
};

function openBoth(ring: KeyRing, { keyVersion, codec, request, response }: SealedBodies): string[] {
  const row = { ...subject, nodeId: "node-1", codec, keyVersion };
  return [
    openBody(ring, { ...row, ...request, column: "request_body" }, 1e8).toString(),
    openBody(ring, { ...row, ...response, column: "response_body" }, 1e8).toString(),
  ];
}

it("leaves a large exchange under one version when the ring is renewed at any turn of its sealing", async () => {
  const [request, response] = ["q".repeat(3_000_000), "a".repeat(3_000_000)];
  for (let turns = 0; turns < 12; turns += 1) {
    const ring = new KeyRing(master(1));
    const sealing = new Sealer(ring, "node-1").sealLargeBodies(subject, Buffer.from(request), Buffer.from(response));
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    ring.renew(`${master(2)},${master(1)}`);
    const sealed = await sealing;
    expect(sealed.keyVersion).toBe(1);
    expect(openBoth(ring, sealed)).toEqual([request, response]);
  }
});

it("opens what was sealed before it, and seals the next exchange under the new version", () => {
  const ring = new KeyRing(master(1));
  const sealer = new Sealer(ring, "node-1");
  const before = sealer.sealBodies(subject, Buffer.from("one"), Buffer.from("two"));
  ring.renew(`${master(2)},${master(1)}`);
  const after = sealer.sealBodies(subject, Buffer.from("three"), Buffer.from("four"));
  expect([before.keyVersion, after.keyVersion]).toEqual([1, 2]);
  expect([openBoth(ring, before), openBoth(ring, after)]).toEqual([
    ["one", "two"],
    ["three", "four"],
  ]);
});
