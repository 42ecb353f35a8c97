-- Up Migration

-- The public halves of the keys that signed windows. Not a root of trust: whoever writes here could add a key.
-- `loom audit verify` trusts the keys that it is given, and says which others have signed.
CREATE TABLE loom.ledger_keys (
  -- The first 32 hexadecimal digits of SHA-256 over the public key.
  key_id text PRIMARY KEY,
  -- Ed25519, 32 bytes.
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  node_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One window for the rows that one transaction added to one chain; a chain is a lane of one boot of one node.
-- workers/ledger/window.ts has the bytes that are hashed and signed.
CREATE TABLE loom.ledger_windows (
  node_id text NOT NULL,
  boot_id uuid NOT NULL,
  lane int2 NOT NULL,
  -- From 1, without gaps.
  number int8 NOT NULL,
  -- rows: of loom.traces. dead: of loom.dead_traces. gap: of loom.ledger_gaps. close: the lane was drained, no leaves.
  kind text NOT NULL CHECK (kind IN ('rows', 'dead', 'gap', 'close')),
  -- The sequence numbers of the leaves, in the order of the leaves.
  seqs int8[] NOT NULL,
  -- The leaves themselves, 32 bytes each: with them the row that does not fit can be named, not only its window.
  leaves bytea NOT NULL,
  -- The first number that no window up to and with this one accounts for.
  low_water int8 NOT NULL,
  -- The last number that the lane had given when this window was written, as far as its writer knew.
  admitted int8 NOT NULL,
  -- When the first and the last of the rows, dead ones too, began; NULL in a window without rows.
  first_at timestamptz,
  last_at timestamptz,
  -- RFC 6962 tree over the leaves.
  merkle_root bytea NOT NULL,
  -- The hash of the window before; 32 zero bytes in the first.
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (boot_id, lane, number)
);
-- Hashes do not compress.
ALTER TABLE loom.ledger_windows ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- The ledger is read in the order of the numbers, one chain after the other.
CREATE INDEX traces_chain ON loom.traces (boot_id, lane, seq);
CREATE INDEX dead_traces_chain ON loom.dead_traces (boot_id, lane, seq);

-- A number that was given and has no row: its exchange passed while the store was away, or could not be kept.
CREATE TABLE loom.ledger_gaps (
  node_id text NOT NULL,
  boot_id uuid NOT NULL,
  lane int2 NOT NULL,
  seq int8 NOT NULL,
  -- What is known of the exchange.
  id uuid,
  tenant_id uuid,
  reason text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (boot_id, lane, seq)
);

-- Who read or changed what. The trigger numbers and chains; loom.audit_seals signs.
CREATE TABLE loom.audit_events (
  number int8 PRIMARY KEY,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Who: `cli:<user>`, `key:<prefix>`, `loom` for what the gateway does by itself.
  actor text NOT NULL,
  -- What: `tenant.create`, `key.revoke`, `body.open`, ...
  action text NOT NULL,
  tenant_id uuid,
  -- Which key, trace, provider, partition, ...
  subject text,
  details jsonb NOT NULL DEFAULT '{}',
  -- From where: a host name or an address.
  origin text,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL
);
CREATE INDEX audit_events_tenant ON loom.audit_events (tenant_id, at);

-- A signature over the hash of one event covers all events up to it.
CREATE TABLE loom.audit_seals (
  number int8 NOT NULL,
  hash bytea NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (number, key_id)
);

-- int32 length | UTF-8 bytes; length -1 for NULL.
CREATE FUNCTION loom.ledger_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value IS NULL THEN int4send(-1)
    ELSE int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8') END
$$;

-- Numbers and chains an event, whoever inserts it; one at a time, so that the chain has no forks.
-- hash = SHA-256(prev_hash | fields), each field as ledger_field has it, in the order below.
CREATE FUNCTION loom.chain_audit_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('loom.chain_audit_event'));
  SELECT number, hash INTO before FROM loom.audit_events ORDER BY number DESC LIMIT 1;
  NEW.number := coalesce(before.number, 0) + 1;
  NEW.prev_hash := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
  NEW.hash := sha256(
    NEW.prev_hash
    || loom.ledger_field(NEW.number::text)
    || loom.ledger_field(NEW.id::text)
    || loom.ledger_field((extract(epoch FROM NEW.at) * 1000000)::int8::text)
    || loom.ledger_field(NEW.actor)
    || loom.ledger_field(NEW.action)
    || loom.ledger_field(NEW.tenant_id::text)
    || loom.ledger_field(NEW.subject)
    || loom.ledger_field(NEW.details::text)
    || loom.ledger_field(NEW.origin));
  RETURN NEW;
END $$;
CREATE TRIGGER audit_events_chained BEFORE INSERT ON loom.audit_events
  FOR EACH ROW EXECUTE FUNCTION loom.chain_audit_event();

CREATE FUNCTION loom.refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE
  ledger text;
BEGIN
  FOREACH ledger IN ARRAY ARRAY['ledger_keys', 'ledger_windows', 'ledger_gaps', 'audit_events', 'audit_seals'] LOOP
    EXECUTE format(
      'CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON loom.%I
         FOR EACH STATEMENT EXECUTE FUNCTION loom.refuse_ledger_change()', ledger || '_append_only', ledger);
  END LOOP;
END $$;
