// Piscina entry: signs the chain of loom.audit_events up to its last event, so that whoever rewrites events has to have the key too.
import pg from "pg";
import { assumeRole } from "../../src/postgres/roles.js";
import { auditChain, sealMessage } from "../ledger/audit-check.js";
import { type Checkpoint, signCheckpoint } from "../ledger/checkpoint.js";
import { openSigner } from "../ledger/sign.js";

export type SealAuditEventsInput = {
  readonly databaseUrl: string;
  /** PKCS 8 PEM. */
  readonly ledgerKey: string;
  readonly nodeId: string;
};

const lastText = `
  SELECT e.number::float8 AS number, e.hash FROM loom.audit_events e
  WHERE NOT EXISTS (SELECT FROM loom.audit_seals s WHERE s.number = e.number AND s.key_id = $1)
    AND e.number = (SELECT max(number) FROM loom.audit_events)`;
const insertKeyText =
  "INSERT INTO loom.ledger_keys (key_id, public_key, node_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const insertSealText =
  "INSERT INTO loom.audit_seals (number, hash, key_id, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

/** A checkpoint of the chain, or null when its last event is signed already. Rejects with what pg throws. */
export async function sealAuditEvents(input: SealAuditEventsInput): Promise<Checkpoint | null> {
  const signer = openSigner(input.ledgerKey);
  const client = new pg.Client({ connectionString: input.databaseUrl, application_name: "loom audit seal" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await assumeRole(client, "loom_writer");
    const { rows } = await client.query<{ number: number; hash: Buffer }>(lastText, [signer.keyId]);
    const last = rows[0];
    if (last === undefined) return null;
    const { number, hash } = last;
    await client.query(insertKeyText, [signer.keyId, signer.publicKey, input.nodeId]);
    const signature = signer.sign("audit seal", sealMessage(number, hash));
    await client.query(insertSealText, [number, hash, signer.keyId, signature]);
    return signCheckpoint(signer, { chain: auditChain, number, hash, atMs: Date.now() });
  } finally {
    await client.end();
  }
}
