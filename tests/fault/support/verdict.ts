// The oracle: holds what the provider and the client wrote down against what Postgres has. It knows nothing of how
// Loom works; only what each side saw.
import { limits } from "../../../src/limits.js";
import type { ClientNote } from "./client.js";
import { answerBytes, requestBody, upstreamBytesOf } from "./plan.js";
import type { ProviderNote } from "./provider-process.js";
import type { DatabaseState, Recorded } from "./recorded.js";

export type Evidence = {
  readonly client: ReadonlyMap<string, ClientNote>;
  readonly provider: ReadonlyMap<string, ProviderNote>;
  readonly database: DatabaseState;
};

/** What a fault is called, and the ids that have it. An empty map is a clean verdict. */
export type Faults = Map<
  | "missing"
  | "spurious"
  | "corrupted"
  | "duplicate"
  | "sent twice"
  | "whole for the client, not for the record"
  | "client has more than the record"
  | "invented end"
  | "never ended"
  | "sequence gap"
  | "rollups disagree",
  string[]
>;

export type Verdict = {
  readonly faults: Faults;
  readonly sent: number;
  readonly received: number;
  readonly rows: number;
  readonly dead: number;
  readonly gaps: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** The most bytes that a client saw of an exchange whose record was interrupted, beyond the record. */
  readonly unrecordedBytesMax: number;
  /** Ids of exchanges that reached the provider and have no row: what durability `memory` must have named. */
  readonly missing: readonly string[];
};

/**
 * Of an interrupted exchange, what was between the client and the spool: a chunk that was not full yet, and what the
 * lane had not come to. The figure is reported; far above it something else is wrong.
 */
const unrecordedBytesAllowed = 16 * limits.chunkFrameBytes;

class Judge {
  readonly faults: Faults = new Map();
  unrecordedBytesMax = 0;

  add(fault: Parameters<Faults["set"]>[0], text: string): void {
    const found = this.faults.get(fault);
    if (found === undefined) this.faults.set(fault, [text]);
    else found.push(text);
  }

  judgeRow(row: Recorded, note: ClientNote, provider: ProviderNote | undefined): void {
    const { plan } = note;
    const { id } = plan;
    if (row.request === "unopened" || row.response === "unopened") {
      this.add("corrupted", `${id}: a body does not open`);
      return;
    }
    if (row.request === null || !row.request.equals(requestBody(plan))) this.add("corrupted", `${id}: request body`);
    const whole = answerBytes(plan);
    const kept = row.response ?? Buffer.alloc(0);
    const sentBytes = provider?.sentBytes ?? 0;
    if (!whole.subarray(0, kept.length).equals(kept)) this.add("corrupted", `${id}: response body`);
    else if (kept.length > sentBytes) this.add("corrupted", `${id}: ${kept.length} bytes kept, ${sentBytes} sent`);
    if (row.outcome === "complete" && kept.length !== whole.length) {
      this.add("corrupted", `${id}: complete with ${kept.length} of ${whole.length} bytes`);
    }
    if (note.end === "whole" && row.outcome !== "complete") {
      this.add("whole for the client, not for the record", `${id}: ${row.outcome}`);
    }
    this.#judgeClientBytes(row, note, kept.length);
  }

  /** What the client has must be a part of what is kept; a kill may cost what no chunk frame had carried yet. */
  #judgeClientBytes(row: Recorded, note: ClientNote, keptBytes: number): void {
    const { plan, bytes } = note;
    if (note.status !== 200) return;
    const expected = answerBytes(plan, true);
    // An error event of Loom ends what the provider said; it begins like any other event.
    const errorAt = bytes.lastIndexOf('data: {"error"');
    const answer = errorAt < 0 ? bytes : bytes.subarray(0, errorAt);
    const same = commonLength(answer, expected);
    const rest = answer.subarray(same).toString("latin1");
    if (rest.trim() !== "") this.add("corrupted", `${plan.id}: the client got other bytes after ${same}`);
    const missingBytes = upstreamBytesOf(plan, same) - keptBytes;
    if (missingBytes <= 0) return;
    this.unrecordedBytesMax = Math.max(this.unrecordedBytesMax, missingBytes);
    const allowed = row.outcome === "interrupted" ? unrecordedBytesAllowed : 0;
    if (missingBytes > allowed)
      this.add("client has more than the record", `${plan.id}: ${missingBytes} (${row.outcome})`);
  }

  judgeClient(note: ClientNote, provider: ProviderNote | undefined): void {
    const { plan, end, bytes } = note;
    if (end === null) this.add("never ended", plan.id);
    if (end !== "whole") return;
    if (!bytes.equals(answerBytes(plan, true))) this.add("invented end", `${plan.id}: a clean end, other bytes`);
    else if ((provider?.sentBytes ?? 0) < answerBytes(plan).length) this.add("invented end", `${plan.id}: not sent`);
  }

  /** Each number of a lane is there once: as a row, set aside, or as a gap that the ledger knows of. */
  judgeChains({ rows, dead, gaps }: DatabaseState): void {
    const chains = new Map<string, number[]>();
    const held = new Set([...rows, ...dead].map(({ chain, seq }) => `${chain} ${seq}`));
    // A gap that a row came for later is no gap any more.
    const open = gaps.filter(({ chain, seq }) => !held.has(`${chain} ${seq}`));
    for (const { chain, seq } of [...rows, ...dead, ...open]) {
      const seqs = chains.get(chain);
      if (seqs === undefined) chains.set(chain, [seq]);
      else seqs.push(seq);
    }
    for (const [chain, seqs] of chains) {
      seqs.sort((a, b) => a - b);
      for (let at = 0; at < seqs.length; at += 1) {
        const before = at === 0 ? 0 : (seqs[at - 1] as number);
        const seq = seqs[at] as number;
        if (seq !== before + 1) this.add("sequence gap", `${chain}: ${seq} after ${before}`);
      }
    }
  }
}

function commonLength(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  if (a.subarray(0, length).equals(b.subarray(0, length))) return length;
  let at = 0;
  while (at < length && a[at] === b[at]) at += 1;
  return at;
}

export function judge({ client, provider, database }: Evidence): Verdict {
  const verdict = new Judge();
  const byRequest = new Map<string, Recorded[]>();
  const outcomes: Record<string, number> = {};
  for (const row of database.rows) {
    outcomes[row.outcome] = (outcomes[row.outcome] ?? 0) + 1;
    const name = row.requestId ?? `row ${row.id}`;
    const found = byRequest.get(name);
    if (found === undefined) byRequest.set(name, [row]);
    else found.push(row);
    if (!client.has(name)) verdict.add("spurious", name);
  }
  const deadIds = new Set(database.dead.map(({ id }) => id));
  const missing: string[] = [];
  for (const [id, note] of client) {
    const received = provider.get(id);
    const rows = byRequest.get(id) ?? [];
    verdict.judgeClient(note, received);
    if (rows.length > 1) verdict.add("duplicate", id);
    if (received !== undefined && received.received > 1) verdict.add("sent twice", id);
    if (received?.isSame === false) verdict.add("corrupted", `${id}: the provider got another question`);
    const isDead = note.traceId !== null && deadIds.has(note.traceId);
    if (isDead && rows.length > 0) verdict.add("duplicate", `${id}: as a row and as a dead one`);
    const mustBeThere = received !== undefined || note.end === "whole";
    if (mustBeThere && rows.length === 0 && !isDead) {
      missing.push(id);
      verdict.add("missing", `${id}: ${note.end}`);
    }
    for (const row of rows) verdict.judgeRow(row, note, received);
  }
  for (const id of provider.keys()) if (!client.has(id)) verdict.add("spurious", `${id}: at the provider`);
  verdict.judgeChains(database);
  if (database.rolledUp !== database.rows.length) {
    verdict.add("rollups disagree", `${database.rolledUp} counted, ${database.rows.length} rows`);
  }
  return {
    faults: verdict.faults,
    sent: client.size,
    received: provider.size,
    rows: database.rows.length,
    dead: database.dead.length,
    gaps: database.gaps.length,
    outcomes,
    unrecordedBytesMax: verdict.unrecordedBytesMax,
    missing,
  };
}
