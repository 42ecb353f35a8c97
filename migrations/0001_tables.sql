-- Up Migration
CREATE SCHEMA IF NOT EXISTS loom;

CREATE TABLE loom.tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  -- Salt of every key derived for this tenant. Setting it to NULL makes the tenant's bodies unreadable for ever.
  key_salt bytea,
  -- The provider that a bare model name goes to; NULL means the operator's default.
  default_provider text,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE loom.api_keys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES loom.tenants (id),
  -- SHA-256 of the whole key. The key itself is never stored.
  key_hash bytea NOT NULL UNIQUE,
  -- `sk-loom-<public id>`: what may be shown.
  prefix text NOT NULL UNIQUE,
  name text NOT NULL DEFAULT '',
  scopes text[] NOT NULL DEFAULT '{}',
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_tenant ON loom.api_keys (tenant_id, created_at);

CREATE TABLE loom.provider_configs (
  tenant_id uuid NOT NULL REFERENCES loom.tenants (id),
  -- The name used in `provider/model`.
  provider text NOT NULL,
  -- The contract that speaks to it: openai, azure-openai, openai-compatible, mock.
  kind text NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}',
  -- Sealed under the tenant's key and bound to the base URL; NULL when the provider needs none.
  credentials bytea,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, provider)
);

CREATE TABLE loom.model_routes (
  tenant_id uuid NOT NULL REFERENCES loom.tenants (id),
  -- The alias that clients ask for.
  model text NOT NULL,
  -- Ordered `provider/model` strings.
  targets text[] NOT NULL CHECK (cardinality(targets) > 0),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, model)
);

-- Every change of what a key may do reaches every process at once. The payload names the tenant only:
-- a channel is readable by every role of the database.
CREATE FUNCTION loom.notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed record := coalesce(NEW, OLD);
  tenant uuid;
BEGIN
  IF TG_TABLE_NAME = 'tenants' THEN tenant := changed.id; ELSE tenant := changed.tenant_id; END IF;
  PERFORM pg_notify('loom_changed', json_build_object('table', TG_TABLE_NAME, 'tenant', tenant)::text);
  RETURN NULL;
END $$;

CREATE TRIGGER tenants_changed AFTER INSERT OR UPDATE OR DELETE ON loom.tenants
  FOR EACH ROW EXECUTE FUNCTION loom.notify_change();
CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE ON loom.api_keys
  FOR EACH ROW EXECUTE FUNCTION loom.notify_change();
CREATE TRIGGER provider_configs_changed AFTER INSERT OR UPDATE OR DELETE ON loom.provider_configs
  FOR EACH ROW EXECUTE FUNCTION loom.notify_change();
CREATE TRIGGER model_routes_changed AFTER INSERT OR UPDATE OR DELETE ON loom.model_routes
  FOR EACH ROW EXECUTE FUNCTION loom.notify_change();
