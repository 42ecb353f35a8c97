-- Up Migration

-- What happens to a tenant's requests while they cannot be recorded: refused, or served with a gap in the ledger.
ALTER TABLE loom.tenants
  ADD COLUMN failure_policy text NOT NULL DEFAULT 'refuse' CHECK (failure_policy IN ('refuse', 'serve'));
