// The text of master keys, `version:base64,version:base64`, newest first: its parts, and how a version is added.
import { randomBytes } from "node:crypto";

const masterKeyBytes = 32;

export type KeyEntry = { readonly version: number; readonly base64: string };

/** The entries of a text that `findMasterKeysFault` has nothing against. */
export function splitKeys(text: string): readonly KeyEntry[] {
  return text.split(",").map((entry) => {
    const colon = entry.indexOf(":");
    return { version: Number(entry.slice(0, colon).trim()), base64: entry.slice(colon + 1).trim() };
  });
}

export function joinKeys(entries: readonly KeyEntry[]): string {
  return entries.map(({ version, base64 }) => `${version}:${base64}`).join(",");
}

/** The number that a new key gets: above every other, also above one that is not in front. */
export function nextVersion(entries: readonly { readonly version: number }[]): number {
  return 1 + Math.max(0, ...entries.map(({ version }) => version));
}

/** A key from the system's random source, base64. */
export function makeKeyBytes(): string {
  return randomBytes(masterKeyBytes).toString("base64");
}
