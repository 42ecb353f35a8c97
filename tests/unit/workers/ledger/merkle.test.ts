import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consistencyPath,
  hashText,
  inclusionPath,
  isConsistent,
  merkleRoot,
  rootOfInclusion,
  sha256,
} from "../../../../workers/ledger/merkle.js";
import { readMerkleVectors } from "../../../support/vectors.js";

const vectors = readMerkleVectors();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Buffer.from(text, "hex");
const leaves = vectors.leaves.map((input) => sha256(Buffer.concat([Buffer.of(0), bytes(input)])));
const treeOf = (size: number) => leaves.slice(0, size);
const rootOf = (size: number) => merkleRoot(Buffer.concat(treeOf(size)));

describe("a Merkle tree of RFC 6962", () => {
  it("has the public roots", () => {
    vectors.roots.forEach((root, size) => {
      expect(hex(rootOf(size))).toBe(root);
    });
  });

  it("has the public inclusion paths, and each leads to the root", () => {
    for (const { leaf, size, path } of vectors.inclusion) {
      expect(inclusionPath(treeOf(size), leaf).map(hex)).toEqual(path);
      const proof = { index: leaf, size, path: path.map(bytes) };
      expect(hex(rootOfInclusion(leaves[leaf] as Buffer, proof) ?? Buffer.of())).toBe(vectors.roots[size]);
      expect(
        rootOfInclusion(leaves[leaf] as Buffer, { ...proof, path: [...proof.path, sha256(Buffer.of())] }),
      ).toBeNull();
    }
  });

  it("has the public consistency paths, and each holds for its two roots only", () => {
    for (const { from, to, path } of vectors.consistency) {
      expect(consistencyPath(treeOf(to), from).map(hex)).toEqual(path);
      const [first, second] = [
        { size: from, root: rootOf(from) },
        { size: to, root: rootOf(to) },
      ];
      expect(isConsistent(first, second, path.map(bytes))).toBe(true);
      if (from > 0 && from < to) {
        expect(isConsistent({ ...first, root: sha256(first.root) }, second, path.map(bytes))).toBe(false);
        expect(isConsistent(first, { ...second, root: sha256(second.root) }, path.map(bytes))).toBe(false);
      }
    }
  });

  it("proves every leaf and every growth, and no other leaf", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (size, at, before) => {
        const many = Array.from({ length: size }, (_, index) => sha256(Buffer.from(`leaf ${index}`)));
        const root = merkleRoot(Buffer.concat(many));
        const index = at % size;
        const path = inclusionPath(many, index);
        expect(hex(rootOfInclusion(many[index] as Buffer, { index, size, path }) ?? Buffer.of())).toBe(hex(root));
        const other = rootOfInclusion(sha256(many[index] as Buffer), { index, size, path });
        expect(hex(other ?? Buffer.of())).not.toBe(hex(root));
        const from = 1 + (before % size);
        const first = { size: from, root: merkleRoot(Buffer.concat(many.slice(0, from))) };
        expect(isConsistent(first, { size, root }, consistencyPath(many, from))).toBe(true);
      }),
    );
  });

  it("leaves what it is given as it was", () => {
    const given = Buffer.concat(leaves);
    const before = Buffer.from(given);
    merkleRoot(given);
    expect(given).toEqual(before);
    expect(Buffer.from(hashText(given), "latin1")).toEqual(sha256(given));
  });
});
