// Reads the public test vectors of tests/vectors/, whose sources.md says where they are from.
import { readFileSync } from "node:fs";

/** One file of Project Wycheproof: every field of a test is text, hex where it holds bytes. */
export function readWycheproof<Field extends string>(
  name: string,
): readonly (Readonly<Record<Field | "comment" | "result", string>> & { readonly tcId: number })[] {
  const file = JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
  return file.tests;
}

export type MerkleVectors = {
  /** Leaf inputs, hex. */
  readonly leaves: readonly string[];
  /** Root of the first n leaves, hex, from none to all. */
  readonly roots: readonly string[];
  readonly inclusion: readonly { readonly leaf: number; readonly size: number; readonly path: readonly string[] }[];
  readonly consistency: readonly { readonly from: number; readonly to: number; readonly path: readonly string[] }[];
};

export function readMerkleVectors(): MerkleVectors {
  return JSON.parse(readFileSync(new URL("../vectors/rfc-6962-merkle.json", import.meta.url), "utf8"));
}

export function fromHex(text: string): Buffer {
  return Buffer.from(text, "hex");
}
