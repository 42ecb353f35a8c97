// A bundle: the ledger of some time in one file, for someone without access to the database. One JSON value a line;
// bytes are {"b64": "..."}; the first line says what it is, the last one that it is complete.

import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import type { LedgerItem } from "../ledger/ledger-item.js";

export type BundleHead = {
  readonly loom: "ledger bundle 1";
  /** ISO 8601; null: from the beginning, up to the end. */
  readonly since: string | null;
  readonly until: string | null;
  readonly exportedAt: string;
  /** Ids of all tenants at that time. */
  readonly tenants: readonly string[];
};

/** Writes the items as they come. Rejects with what the file system says. */
export async function writeBundle(file: string, head: BundleHead, items: AsyncIterable<LedgerItem>): Promise<void> {
  const out = createWriteStream(file, { flags: "wx", mode: 0o600 });
  const ended = finished(out);
  // Whoever awaits the end hears of it; until then it must not end the thread.
  ended.catch(() => undefined);
  out.write(`${JSON.stringify(head)}\n`);
  for await (const item of items) {
    if (!out.write(`${JSON.stringify(item, writeBytes)}\n`)) await Promise.race([once(out, "drain"), ended]);
  }
  out.end();
  await ended;
}

export type Bundle = { readonly head: BundleHead; readonly items: AsyncIterable<LedgerItem> };

/** Throws an Error when the file is no bundle; its items throw for a line that is none. */
export async function openBundle(file: string): Promise<Bundle> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
  const first = await lines.next();
  const head = first.done === true ? null : (JSON.parse(first.value) as Partial<BundleHead>);
  if (head?.loom !== "ledger bundle 1") throw new Error(`${file} is not a bundle of a Loom ledger`);
  return { head: head as BundleHead, items: readItems(lines) };
}

async function* readItems(lines: AsyncIterator<string>): AsyncGenerator<LedgerItem, void, void> {
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    if (line.value.trim() !== "") yield JSON.parse(line.value, readBytes) as LedgerItem;
  }
}

// A Buffer turns itself into an object before this sees it, so the holder is asked.
function writeBytes(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Readonly<Record<string, unknown>>)[key];
  return original instanceof Uint8Array ? { b64: Buffer.from(original).toString("base64") } : value;
}

function readBytes(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { b64 } = value as { readonly b64?: unknown };
  return typeof b64 === "string" ? Buffer.from(b64, "base64") : value;
}

/** The items that belong to windows made before `until`; the chain's later rows and windows are left out. */
export async function* cutAt(items: AsyncIterable<LedgerItem>, until: Date): AsyncGenerator<LedgerItem, void, void> {
  let state: "inside" | "beyond" = "inside";
  // Whose window comes next, or never.
  let held: LedgerItem[] = [];
  for await (const item of items) {
    if (item.type === "rows") {
      if (state === "inside") held.push(item);
      continue;
    }
    if (item.type === "chain") state = "inside";
    else if (item.type === "window" && item.window.createdAtMs > until.getTime()) state = "beyond";
    if (item.type === "window" && state === "inside") yield* [...held, item];
    else if (item.type !== "window") yield item;
    held = [];
  }
}
