// Piscina entry of `loom seed`: makes traces and writes them as a lane does, sealed, with their sums and their ledger.
// For measurements and demonstrations; the rows say `seed` where others name their node.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { openSigner } from "./ledger/sign.js";
import { TraceWriter } from "./persist/writer.js";
import { KeyRing } from "./seal/key-ring.js";
import { Sealer } from "./seal/seal.js";
import { makeBodies } from "./seed/make-bodies.js";
import { makeDetail } from "./seed/make-detail.js";
import { RowMaker, type SeedTenant } from "./seed/make-row.js";
import { makeMoments } from "./seed/moments.js";
import { SeededRandom } from "./seed/random.js";

export type SeedInput = {
  readonly databaseUrl: string;
  /** The form of LOOM_MASTER_KEYS. */
  readonly masterKeys: string;
  /** PKCS 8 PEM of the key that signs the ledger; without it no ledger is written. */
  readonly ledgerKey?: string | undefined;
  readonly tenants: readonly SeedTenant[];
  readonly rows: number;
  readonly days: number;
  readonly seed: number;
  /** Unix ms of the newest row. */
  readonly endMs: number;
  /** One Int32: the rows made so far. */
  readonly progress: SharedArrayBuffer;
};

const backlogBytesMax = 48 * 1024 * 1024;
const drainMs = 120_000;
const nodeId = "seed";

/** Resolves when every row is committed. Rejects with an Error that names what could not be written. */
export async function seedTraces(input: SeedInput): Promise<void> {
  const random = new SeededRandom(input.seed);
  const bootId = randomUUID();
  const ring = new KeyRing(input.masterKeys);
  const sealer = new Sealer(ring, nodeId);
  const maker = new RowMaker({ tenants: input.tenants, random, bootId });
  const progress = new Int32Array(input.progress);
  const faults: string[] = [];
  const writer = new TraceWriter({
    databaseUrl: input.databaseUrl,
    lane: 0,
    seal: () => {
      throw new Error("a seeded row was refused by the database");
    },
    ...(input.ledgerKey !== undefined && {
      ledger: { signer: openSigner(input.ledgerKey), own: { nodeId, bootId, lane: 0 } },
    }),
    emit: (event) => {
      if (event.name === "traces_lost") faults.push(event.reason);
    },
  });
  let made = 0;
  for (const createdAtMs of makeMoments(input.rows, input.days, input.endMs, random)) {
    const { row, tenant } = maker.make(createdAtMs);
    const bodies = makeBodies(row, random);
    const sealed = sealer.sealBodies({ ...row, keySalt: tenant.keySalt }, bodies.request, bodies.response);
    const whole = { ...row, requestBytes: bodies.request.length, responseBytes: bodies.response.length };
    writer.add({ ...whole, detail: makeDetail(whole, random) }, sealed, tenant.keySalt);
    made += 1;
    progress[0] = made;
    if (made % 500 === 0) {
      writer.noteAdmitted(made);
      do await sleep(writer.backlogBytes > backlogBytesMax ? 20 : 0);
      while (writer.backlogBytes > backlogBytesMax && faults.length === 0);
    }
    if (faults.length > 0) break;
  }
  writer.noteAdmitted(made);
  await writer.drain(drainMs);
  ring.forget(null);
  if (faults.length > 0) throw new Error(`Not every row was written: ${faults[0]}`);
}
