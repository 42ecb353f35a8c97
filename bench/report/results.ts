// The results of a run as they are kept: bench/results/<date>-<commit>.json.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Effort, ScenarioResult } from "../scenario.js";
import type { Machine } from "./machine.js";

export type RunRecord = {
  readonly at: string;
  readonly kind: Effort["kind"];
  readonly machine: Machine;
  /** Share of the machine's CPU time that other programs used. */
  readonly foreignShare: number;
  readonly settings: Readonly<Record<string, string>>;
  /** What each peer is, does and lacks; empty without peers. */
  readonly peers: readonly string[];
  readonly peerNames: readonly string[];
  readonly results: readonly ScenarioResult[];
};

/** Throws an Error that names the file when it holds no results of this form. */
export function parseRecord(text: string, file: string): RunRecord {
  const read = JSON.parse(text) as Partial<RunRecord>;
  const isRecord = Array.isArray(read.results) && read.results.every((result) => Array.isArray(result.cases));
  if (!isRecord) throw new Error(`${file} holds no results of this bench.`);
  return read as RunRecord;
}

/** All kept runs, oldest first. Files of an older form are passed over. */
export function readRecords(folder: URL): RunRecord[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      try {
        return [parseRecord(readFileSync(new URL(name, folder), "utf8"), name)];
      } catch {
        return [];
      }
    })
    .sort((one, other) => one.at.localeCompare(other.at));
}

/** @returns the file; one that is there already is left alone. */
export function saveRecord(folder: URL, record: RunRecord): URL {
  mkdirSync(folder, { recursive: true });
  const stem = `${record.at.slice(0, 10)}-${record.machine.commit}`;
  for (let count = 1; ; count += 1) {
    const file = new URL(`${stem}${count === 1 ? "" : `-${count}`}.json`, folder);
    if (existsSync(file)) continue;
    writeFileSync(file, writeRecord(record));
    return file;
  }
}

/** Figures keep seven digits, which is more than they mean. */
export function writeRecord(record: RunRecord): string {
  const shorten = (_key: string, value: unknown): unknown =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
  return `${JSON.stringify(record, shorten, 1)}\n`;
}

/** Beside the results in `file`, under their name. @returns the file. */
export function saveFlames(file: URL, thread: string, svg: string): URL {
  const beside = new URL(file.href.replace(/\.json$/, `-${thread.replaceAll(" ", "-")}.svg`));
  writeFileSync(beside, svg);
  return beside;
}
