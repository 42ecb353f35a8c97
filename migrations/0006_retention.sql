-- Up Migration

-- A tenant whose traces must stay, whatever the retention says. A hold is lifted by deleting its row.
CREATE TABLE loom.legal_holds (
  tenant_id uuid PRIMARY KEY REFERENCES loom.tenants (id),
  placed_at timestamptz NOT NULL DEFAULT now(),
  placed_by text NOT NULL
);

-- The partitions of loom.traces by time, without the default one, and the tenants that hold each back.
CREATE FUNCTION loom.list_trace_partitions()
RETURNS TABLE (name text, from_time timestamptz, to_time timestamptz, bytes int8, held_by text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' AS $$
DECLARE
  part record;
  bounds text[];
BEGIN
  FOR part IN
    SELECT c.oid, c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'loom.traces'::regclass ORDER BY c.relname
  LOOP
    bounds := regexp_match(part.bound, '^FOR VALUES FROM \(''([^'']+)''\) TO \(''([^'']+)''\)$');
    CONTINUE WHEN bounds IS NULL;
    name := part.relname;
    from_time := bounds[1]::timestamptz;
    to_time := bounds[2]::timestamptz;
    bytes := pg_total_relation_size(part.oid);
    EXECUTE format(
      'SELECT coalesce(array_agg(t.name ORDER BY t.name), ''{}'') FROM loom.legal_holds h JOIN loom.tenants t
         ON t.id = h.tenant_id WHERE EXISTS (SELECT FROM loom.%I p WHERE p.tenant_id = h.tenant_id)', part.relname)
      INTO held_by;
    RETURN NEXT;
  END LOOP;
END $$;

-- Drops one partition that ends at or before `cutoff`, with every row in it. Returns the number of rows, or NULL and
-- drops nothing when a tenant under legal hold has rows in it: the rows of the others stay with them.
CREATE FUNCTION loom.drop_trace_partition(partition_name text, cutoff timestamptz) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  part record;
  dropped int8;
BEGIN
  IF cutoff IS NULL OR cutoff > now() - interval '1 day' THEN
    RAISE EXCEPTION 'retention keeps at least one day: % is too young', cutoff USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A hold that is being placed is waited for, and one that comes later waits for us.
  LOCK TABLE loom.legal_holds IN SHARE MODE;
  SELECT * INTO part FROM loom.list_trace_partitions() p WHERE p.name = partition_name;
  IF part IS NULL OR part.to_time > cutoff THEN
    RAISE EXCEPTION '% is no partition that ends before %', partition_name, cutoff
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- Rows of an old spool may still come in while others are counted.
  EXECUTE format('LOCK TABLE loom.%I IN SHARE ROW EXCLUSIVE MODE', partition_name);
  IF EXISTS (SELECT FROM loom.list_trace_partitions() p WHERE p.name = partition_name AND p.held_by <> '{}') THEN
    RETURN NULL;
  END IF;
  EXECUTE format('SELECT count(*) FROM loom.%I', partition_name) INTO dropped;
  EXECUTE format('DROP TABLE loom.%I', partition_name);
  RETURN dropped;
END $$;

-- Rows set aside hold bodies as well. Those of a tenant under legal hold stay.
CREATE FUNCTION loom.delete_expired_dead_traces(cutoff timestamptz) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Not a SET of the function: that takes a superuser for a setting that no extension has declared.
  asked_before text := coalesce(current_setting('loom.tenant', true), '');
  deleted int8;
BEGIN
  IF cutoff IS NULL OR cutoff > now() - interval '1 day' THEN
    RAISE EXCEPTION 'retention keeps at least one day: % is too young', cutoff USING ERRCODE = 'invalid_parameter_value';
  END IF;
  LOCK TABLE loom.legal_holds IN SHARE MODE;
  PERFORM set_config('loom.tenant', '*', true);
  DELETE FROM loom.dead_traces d WHERE d.created_at < cutoff
    AND NOT EXISTS (SELECT FROM loom.legal_holds h WHERE h.tenant_id = d.tenant_id);
  GET DIAGNOSTICS deleted = ROW_COUNT;
  PERFORM set_config('loom.tenant', asked_before, true);
  RETURN deleted;
END $$;

-- Row security by tenant. Forced: the owner sees no rows either unless it asks for a tenant, or for all with '*'.
ALTER TABLE loom.traces ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE loom.usage_rollups ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE loom.dead_traces ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Administration lists these for all tenants, so their owner is not held to the policies.
ALTER TABLE loom.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE loom.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE loom.provider_configs ENABLE ROW LEVEL SECURITY;
ALTER TABLE loom.model_routes ENABLE ROW LEVEL SECURITY;
-- Its trigger reads the event before, with the owner's rights.
ALTER TABLE loom.audit_events ENABLE ROW LEVEL SECURITY;

-- Gives every object to loom_owner and grants the other roles exactly what they need, as far as the roles are there.
-- Called after every migration: tables that come later are listed here anew (tests/integration/grants.golden.txt).
CREATE FUNCTION loom.apply_grants() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_name text;
  item record;
BEGIN
  IF loom.may_act_as('loom_owner') AND pg_has_role(session_user, 'loom_owner', 'USAGE') THEN
    GRANT USAGE, CREATE ON SCHEMA loom TO loom_owner;
    FOR item IN
      SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relnamespace = 'loom'::regnamespace
        AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner <> 'loom_owner'::regrole
    LOOP
      EXECUTE format('ALTER TABLE %s OWNER TO loom_owner', item.name);
    END LOOP;
    FOR item IN
      SELECT p.oid::regprocedure AS name FROM pg_proc p
      WHERE p.pronamespace = 'loom'::regnamespace AND p.proowner <> 'loom_owner'::regrole
    LOOP
      EXECUTE format('ALTER ROUTINE %s OWNER TO loom_owner', item.name);
    END LOOP;
  END IF;
  SELECT r.rolname INTO owner_name FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = 'loom.traces'::regclass;

  REVOKE ALL ON ALL TABLES IN SCHEMA loom FROM PUBLIC;
  REVOKE ALL ON ALL ROUTINES IN SCHEMA loom FROM PUBLIC;
  FOR item IN SELECT name FROM unnest(loom.role_names()) name WHERE to_regrole(name) IS NOT NULL AND name <> 'loom_owner'
  LOOP
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA loom FROM %I', item.name);
    EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA loom FROM %I', item.name);
    EXECUTE format('GRANT USAGE ON SCHEMA loom TO %I', item.name);
  END LOOP;

  FOR item IN
    SELECT * FROM (VALUES
      -- The id is what INSERT ... RETURNING gives back; the salt is what a replay seals with.
      ('loom_writer', 'traces', 'INSERT, SELECT (id)'),
      ('loom_writer', 'usage_rollups', 'INSERT'),
      ('loom_writer', 'dead_traces', 'INSERT'),
      ('loom_writer', 'tenants', 'SELECT (id, key_salt)'),
      ('loom_writer', 'ledger_windows', 'INSERT, SELECT'),
      ('loom_writer', 'ledger_gaps', 'INSERT, SELECT'),
      ('loom_writer', 'ledger_keys', 'INSERT, SELECT'),
      ('loom_writer', 'audit_seals', 'INSERT, SELECT'),
      ('loom_writer', 'audit_events', 'SELECT (number, hash)'),
      ('loom_authenticator', 'tenants', 'SELECT'),
      ('loom_authenticator', 'api_keys', 'SELECT'),
      ('loom_authenticator', 'provider_configs', 'SELECT'),
      ('loom_authenticator', 'model_routes', 'SELECT'),
      ('loom_authenticator', 'migrations', 'SELECT'),
      ('loom_authenticator', 'audit_events', 'INSERT (actor, action, tenant_id, subject, details, origin)'),
      ('loom_reader', 'traces', 'SELECT'),
      ('loom_reader', 'usage_rollups', 'SELECT'),
      ('loom_reader', 'dead_traces', 'SELECT (id, tenant_id, created_at, reason, sqlstate, node_id, boot_id, lane, seq, set_aside_at)'),
      ('loom_reader', 'tenants', 'SELECT (id, name, default_provider, created_at)'),
      ('loom_reader', 'api_keys', 'SELECT (id, tenant_id, prefix, name, scopes, expires_at, revoked_at, created_at)'),
      ('loom_reader', 'provider_configs', 'SELECT (tenant_id, provider, kind, settings, updated_at)'),
      ('loom_reader', 'model_routes', 'SELECT'),
      ('loom_reader', 'audit_events', 'SELECT'),
      ('loom_auditor', 'traces', 'SELECT'),
      ('loom_auditor', 'dead_traces', 'SELECT'),
      ('loom_auditor', 'tenants', 'SELECT (id, name, created_at)'),
      ('loom_auditor', 'ledger_windows', 'SELECT'),
      ('loom_auditor', 'ledger_gaps', 'SELECT'),
      ('loom_auditor', 'ledger_keys', 'SELECT'),
      ('loom_auditor', 'audit_seals', 'SELECT'),
      ('loom_auditor', 'audit_events', 'SELECT'),
      ('loom_retention', 'audit_events', 'INSERT (actor, action, tenant_id, subject, details, origin)')
    ) AS wanted (role_name, table_name, privileges)
    WHERE to_regrole(role_name) IS NOT NULL AND to_regclass('loom.' || table_name) IS NOT NULL
  LOOP
    EXECUTE format('GRANT %s ON loom.%I TO %I', item.privileges, item.table_name, item.role_name);
  END LOOP;

  FOR item IN
    SELECT * FROM (VALUES
      ('loom_writer', 'ensure_trace_partitions(timestamptz, int)'),
      ('loom_authenticator', 'ensure_trace_partitions(timestamptz, int)'),
      ('loom_authenticator', 'count_default_partition()'),
      ('loom_authenticator', 'settle_default_partition()'),
      ('loom_authenticator', 'role_names()'),
      ('loom_authenticator', 'may_act_as(text)'),
      ('loom_reader', 'current_tenant()'),
      ('loom_retention', 'list_trace_partitions()'),
      ('loom_retention', 'drop_trace_partition(text, timestamptz)'),
      ('loom_retention', 'delete_expired_dead_traces(timestamptz)')
    ) AS wanted (role_name, routine) WHERE to_regrole(role_name) IS NOT NULL
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION loom.%s TO %I', item.routine, item.role_name);
  END LOOP;
  IF to_regrole('loom_writer') IS NOT NULL AND NOT has_database_privilege('loom_writer', current_database(), 'TEMP') THEN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO loom_writer', current_database());
  END IF;
  PERFORM loom.apply_policies(owner_name);
END $$;

-- Which rows each role sees of the tables that it was granted.
CREATE FUNCTION loom.apply_policies(owner_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
  own constant text := 'tenant_id = loom.current_tenant()';
  asked constant text := '(current_setting(''loom.tenant'', true) = ''*'' OR tenant_id = loom.current_tenant())';
BEGIN
  FOR item IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'loom' LOOP
    EXECUTE format('DROP POLICY %I ON loom.%I', item.policyname, item.tablename);
  END LOOP;
  FOR item IN
    SELECT p.table_name, p.policy_name, p.role_name, p.rule FROM (VALUES
      ('traces', 'asked', owner_name, format('FOR ALL TO %I USING %s WITH CHECK (true)', owner_name, asked)),
      ('usage_rollups', 'asked', owner_name, format('FOR ALL TO %I USING %s WITH CHECK (true)', owner_name, asked)),
      ('dead_traces', 'asked', owner_name, format('FOR ALL TO %I USING %s WITH CHECK (true)', owner_name, asked)),
      ('traces', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('usage_rollups', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('dead_traces', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('tenants', 'own', 'loom_reader', 'FOR SELECT TO loom_reader USING (id = loom.current_tenant())'),
      ('api_keys', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('provider_configs', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('model_routes', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('audit_events', 'own', 'loom_reader', format('FOR SELECT TO loom_reader USING (%s)', own)),
      ('traces', 'written', 'loom_writer', 'FOR INSERT TO loom_writer WITH CHECK (true)'),
      ('traces', 'returned', 'loom_writer', 'FOR SELECT TO loom_writer USING (true)'),
      ('usage_rollups', 'written', 'loom_writer', 'FOR INSERT TO loom_writer WITH CHECK (true)'),
      ('dead_traces', 'written', 'loom_writer', 'FOR INSERT TO loom_writer WITH CHECK (true)'),
      ('tenants', 'salts', 'loom_writer', 'FOR SELECT TO loom_writer USING (true)'),
      ('audit_events', 'sealed', 'loom_writer', 'FOR SELECT TO loom_writer USING (true)'),
      ('tenants', 'known', 'loom_authenticator', 'FOR SELECT TO loom_authenticator USING (true)'),
      ('api_keys', 'known', 'loom_authenticator', 'FOR SELECT TO loom_authenticator USING (true)'),
      ('provider_configs', 'known', 'loom_authenticator', 'FOR SELECT TO loom_authenticator USING (true)'),
      ('model_routes', 'known', 'loom_authenticator', 'FOR SELECT TO loom_authenticator USING (true)'),
      ('audit_events', 'noted', 'loom_authenticator', 'FOR INSERT TO loom_authenticator WITH CHECK (true)'),
      ('audit_events', 'dropped', 'loom_retention', 'FOR INSERT TO loom_retention WITH CHECK (true)'),
      ('traces', 'audited', 'loom_auditor', 'FOR SELECT TO loom_auditor USING (true)'),
      ('dead_traces', 'audited', 'loom_auditor', 'FOR SELECT TO loom_auditor USING (true)'),
      ('tenants', 'audited', 'loom_auditor', 'FOR SELECT TO loom_auditor USING (true)'),
      ('audit_events', 'audited', 'loom_auditor', 'FOR SELECT TO loom_auditor USING (true)')
    ) AS p (table_name, policy_name, role_name, rule)
    WHERE to_regrole(quote_ident(p.role_name)) IS NOT NULL AND to_regclass('loom.' || p.table_name) IS NOT NULL
  LOOP
    EXECUTE format('CREATE POLICY %I ON loom.%I %s', item.policy_name, item.table_name, item.rule);
  END LOOP;
END $$;

-- In the transaction that turns row security on: between the two nobody could write.
SELECT loom.ensure_roles();
SELECT loom.apply_grants();
