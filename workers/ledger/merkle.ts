// The Merkle tree of RFC 6962 section 2.1 over SHA-256: its root, and the paths that prove a leaf's place or a
// tree's growth. Leaves are hashes already (leaf.ts).
import { hash } from "node:crypto";

export const hashBytes = 32;

/** SHA-256 of `bytes`. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

/** The same, a character for a byte: a million buffers of 32 bytes cost the collector more than their hashes cost. */
export function hashText(bytes: Uint8Array): string {
  return hash("sha256", bytes, "binary");
}

/** 0x01 | left | right. */
function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + 2 * hashBytes);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + hashBytes);
  return sha256(input);
}

/** The level above: pairs are hashed, an odd last node goes up as it is. */
function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let index = 0; index + 1 < level.length; index += 2) {
    above.push(nodeHash(level[index] as Uint8Array, level[index + 1] as Uint8Array));
  }
  if (level.length % 2 === 1) above.push(level.at(-1) as Uint8Array);
  return above;
}

/** MTH(leaves), the leaves in one piece; the hash of nothing for no leaves. */
export function merkleRoot(leaves: Uint8Array): Buffer {
  if (leaves.length === 0) return sha256(leaves);
  let level = Buffer.from(leaves);
  const input = Buffer.allocUnsafe(1 + 2 * hashBytes);
  input[0] = 1;
  while (level.length > hashBytes) {
    const pairs = Math.floor(level.length / (2 * hashBytes));
    const odd = level.length - pairs * 2 * hashBytes;
    // In place: what is written is behind what is read.
    for (let pair = 0; pair < pairs; pair += 1) {
      level.copy(input, 1, pair * 2 * hashBytes, (pair + 1) * 2 * hashBytes);
      level.write(hashText(input), pair * hashBytes, "latin1");
    }
    level.copyWithin(pairs * hashBytes, level.length - odd);
    level = level.subarray(0, pairs * hashBytes + odd);
  }
  return level;
}

/** PATH(index, leaves) of section 2.1.1. */
export function inclusionPath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  let at = index;
  for (let level = leaves; level.length > 1; level = levelAbove(level)) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    at >>= 1;
  }
  return path;
}

/** The root that a leaf and its path lead to, or null when the path has not the length of that place. */
export function rootOfInclusion(
  leaf: Uint8Array,
  { index, size, path }: { index: number; size: number; path: readonly Uint8Array[] },
): Uint8Array | null {
  if (index >= size) return null;
  let at = index;
  let last = size - 1;
  let node = leaf;
  let used = 0;
  while (last > 0) {
    if (at % 2 === 1 || at < last) {
      const sibling = path[used];
      if (sibling === undefined) return null;
      node = at % 2 === 1 ? nodeHash(sibling, node) : nodeHash(node, sibling);
      used += 1;
    }
    at >>= 1;
    last >>= 1;
  }
  return used === path.length ? node : null;
}

/** PROOF(size, leaves) of section 2.1.2: that the tree of the first `size` leaves is a part of the whole one. */
export function consistencyPath(leaves: readonly Uint8Array[], size: number): Uint8Array[] {
  return size === 0 || size === leaves.length ? [] : subProof(leaves, size, true);
}

function subProof(leaves: readonly Uint8Array[], size: number, isWhole: boolean): Uint8Array[] {
  if (size === leaves.length) return isWhole ? [] : [rootOf(leaves)];
  const split = splitOf(leaves.length);
  const left = leaves.slice(0, split);
  const right = leaves.slice(split);
  return size <= split
    ? [...subProof(left, size, isWhole), rootOf(right)]
    : [...subProof(right, size - split, false), rootOf(left)];
}

function rootOf(leaves: readonly Uint8Array[]): Buffer {
  return merkleRoot(Buffer.concat(leaves));
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Whether `path` shows that the tree of `first` is a part of the tree of `second`. */
export function isConsistent(
  first: { readonly size: number; readonly root: Uint8Array },
  second: { readonly size: number; readonly root: Uint8Array },
  path: readonly Uint8Array[],
): boolean {
  const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
  if (first.size === second.size) return path.length === 0 && equal(first.root, second.root);
  if (first.size === 0) return path.length === 0;
  if (first.size > second.size) return false;
  let at = first.size - 1;
  let last = second.size - 1;
  while (at % 2 === 1) {
    at >>= 1;
    last >>= 1;
  }
  // A first tree that is a whole subtree of the second is its own first node.
  const nodes = at > 0 ? [...path] : [first.root, ...path];
  let [old, grown] = [nodes[0], nodes[0]];
  if (old === undefined || grown === undefined) return false;
  for (const node of nodes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = nodeHash(node, old);
      grown = nodeHash(node, grown);
      while (at % 2 === 0 && at > 0) {
        at >>= 1;
        last >>= 1;
      }
    } else grown = nodeHash(grown, node);
    at >>= 1;
    last >>= 1;
  }
  return last === 0 && equal(old, first.root) && equal(grown, second.root);
}
