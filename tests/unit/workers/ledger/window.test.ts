import { expect, it } from "vitest";
import { chainKey, hashWindow, type LedgerWindow, noHash } from "../../../../workers/ledger/window.js";

const window: LedgerWindow = {
  nodeId: "node-ü",
  bootId: "0190a1b2-0000-7000-8000-0000000000b0",
  lane: 3,
  number: 7,
  kind: "rows",
  seqs: [5, 2 ** 40 + 1, 4],
  lowWater: 4,
  admitted: 2 ** 40 + 2,
  firstAtMs: 1_800_000_000_000,
  lastAtMs: 1_800_000_000_100,
  merkleRoot: Buffer.alloc(32, 1),
  prevHash: noHash,
  keyId: "00112233445566778899aabbccddeeff",
  createdAtMs: 1_800_000_000_200,
};

it("a window's hash is what it always was", () => {
  expect(hashWindow(window).toString("hex")).toBe("ceb9e65a8051fe283264af3f2b1394584f7745f7cebef03798f44a41319fdd4c");
});

it("a window's hash covers everything in it", () => {
  const changes: Partial<LedgerWindow>[] = [
    { nodeId: "node-u" },
    { bootId: "0190a1b2-0000-7000-8000-0000000000b1" },
    { lane: 4 },
    { number: 8 },
    { kind: "dead" },
    { seqs: [5, 4, 2 ** 40 + 1] },
    { seqs: [5, 1, 4] },
    { lowWater: 5 },
    { admitted: 2 ** 40 + 3 },
    { firstAtMs: null },
    { lastAtMs: 1_800_000_000_101 },
    { merkleRoot: Buffer.alloc(32, 2) },
    { prevHash: Buffer.alloc(32, 2) },
    { keyId: "00112233445566778899aabbccddeef0" },
    { createdAtMs: 1_800_000_000_201 },
  ];
  const hashes = [{}, ...changes].map((change) => hashWindow({ ...window, ...change }).toString("hex"));
  expect(new Set(hashes).size).toBe(hashes.length);
});

it("a chain is named by node, boot and lane", () => {
  expect(chainKey(window)).toBe("node-ü/0190a1b2-0000-7000-8000-0000000000b0/3");
});
