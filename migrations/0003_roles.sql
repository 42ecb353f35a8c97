-- Up Migration

-- Roles belong to the whole server and are shared by every Loom database on it; what each may do is granted in each
-- database (loom.apply_grants). Nobody logs in as one of them: a connection takes its role after it has logged in.
--   loom_owner          owns every table and function
--   loom_writer         adds traces, sums, dead rows and the ledger; the lanes
--   loom_authenticator  reads keys and settings; the gateway's main thread
--   loom_reader         reads what belongs to the tenant named by the setting loom.tenant
--   loom_auditor        reads every trace and the ledger, changes nothing
--   loom_retention      drops what is older than the retention allows, through functions only
CREATE FUNCTION loom.role_names() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['loom_owner', 'loom_writer', 'loom_authenticator', 'loom_reader', 'loom_auditor', 'loom_retention'];

-- Whether the login of this session may act as `role_name`. False for a role that is not there.
CREATE FUNCTION loom.may_act_as(role_name text) RETURNS boolean LANGUAGE sql STABLE
RETURN coalesce((
  SELECT pg_has_role(session_user, r.oid,
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  FROM pg_roles r WHERE r.rolname = role_name), false);

-- Makes the roles that are missing, as far as this login may, and lets the login act as them.
-- Returns the names of those that it cannot act as. Safe beside others that do the same in other databases.
CREATE FUNCTION loom.ensure_roles() RETURNS text[] LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  login record;
  wanted text;
  missing text[] := '{}';
BEGIN
  SELECT rolsuper, rolcreaterole, rolbypassrls INTO login FROM pg_roles WHERE rolname = session_user;
  FOREACH wanted IN ARRAY loom.role_names() LOOP
    IF to_regrole(wanted) IS NULL AND (login.rolsuper OR login.rolcreaterole) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
        NULL; -- Made by another database of this server a moment ago, or not ours to make after all.
      END;
    END IF;
    IF to_regrole(wanted) IS NOT NULL AND NOT loom.may_act_as(wanted) THEN
      BEGIN
        EXECUTE format('GRANT %I TO SESSION_USER', wanted);
      EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN
        NULL;
      END;
    END IF;
    IF NOT loom.may_act_as(wanted) THEN missing := missing || wanted; END IF;
  END LOOP;
  -- COPY is refused where row security applies. A writer without this attribute copies into a staging table.
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'loom_writer' AND NOT rolbypassrls)
     AND (login.rolsuper OR login.rolbypassrls) THEN
    BEGIN
      ALTER ROLE loom_writer BYPASSRLS;
    EXCEPTION WHEN insufficient_privilege OR internal_error THEN
      NULL; -- "tuple concurrently updated": another database of this server does it at this moment.
    END;
  END IF;
  RETURN missing;
END $$;

-- The tenant that a reader asked for with SET LOCAL loom.tenant; NULL, and so no rows, for anything else.
CREATE FUNCTION loom.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN current_setting('loom.tenant', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
  THEN current_setting('loom.tenant', true)::uuid END;

-- Append-only by trigger, beside the grants: it also stops the owner and a superuser who did not mean it.
CREATE FUNCTION loom.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

-- By row, since such triggers are copied to every partition, those attached by hand included ...
CREATE TRIGGER traces_keep_rows BEFORE UPDATE OR DELETE ON loom.traces
  FOR EACH ROW EXECUTE FUNCTION loom.refuse_change();
-- ... and by statement, since nothing else sees TRUNCATE; loom.guard_partition does it for partitions.
CREATE TRIGGER traces_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON loom.traces
  FOR EACH STATEMENT EXECUTE FUNCTION loom.refuse_change();

-- What every partition has of its own: the trigger by statement, and row security without a policy, since the
-- security of the parent does not cover a partition that is read directly.
CREATE FUNCTION loom.guard_partition(partition_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER partition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON loom.%I
       FOR EACH STATEMENT EXECUTE FUNCTION loom.refuse_change()', partition_name);
  EXECUTE format('ALTER TABLE loom.%I ENABLE ROW LEVEL SECURITY', partition_name);
END $$;

DO $$
DECLARE
  partition_name text;
BEGIN
  FOR partition_name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'loom.traces'::regclass
  LOOP
    PERFORM loom.guard_partition(partition_name);
  END LOOP;
END $$;

-- A row that no month takes lands here instead of being refused; that it holds any is an alarm, and
-- loom.settle_default_partition moves them to months of their own.
CREATE FUNCTION loom.make_default_partition() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CREATE TABLE loom.traces_default PARTITION OF loom.traces DEFAULT WITH (toast_tuple_target = 256);
  PERFORM loom.guard_partition('traces_default');
END $$;
SELECT loom.make_default_partition();

-- As in 0002, with the rights of its owner, so that the gateway and the lanes need none on the tables.
CREATE OR REPLACE FUNCTION loom.ensure_trace_partitions(from_time timestamptz, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first_month timestamp := date_trunc('month', from_time AT TIME ZONE 'UTC');
  month timestamp;
  partition_name text;
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('loom.ensure_trace_partitions'));
  FOR i IN 0 .. months - 1 LOOP
    month := first_month + make_interval(months => i);
    partition_name := 'traces_' || to_char(month, 'YYYY_MM');
    IF to_regclass('loom.' || partition_name) IS NULL THEN
      EXECUTE format(
        'CREATE TABLE loom.%I PARTITION OF loom.traces FOR VALUES FROM (%L) TO (%L) WITH (toast_tuple_target = 256)',
        partition_name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
      PERFORM loom.guard_partition(partition_name);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;

CREATE FUNCTION loom.count_default_partition() RETURNS int8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT count(*) FROM loom.traces_default';

-- Moves the rows of the default partition to months of their own. No row is deleted: the old default is taken away
-- whole once its rows are in their places. Returns the number of rows moved.
CREATE FUNCTION loom.settle_default_partition() RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  month timestamptz;
  moved int8;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('loom.ensure_trace_partitions'));
  IF NOT EXISTS (SELECT FROM loom.traces_default) THEN RETURN 0; END IF;
  ALTER TABLE loom.traces DETACH PARTITION loom.traces_default;
  ALTER TABLE loom.traces_default RENAME TO traces_stray;
  PERFORM loom.make_default_partition();
  FOR month IN SELECT DISTINCT date_trunc('month', created_at, 'UTC') FROM loom.traces_stray ORDER BY 1 LOOP
    PERFORM loom.ensure_trace_partitions(month, 1);
  END LOOP;
  INSERT INTO loom.traces SELECT * FROM loom.traces_stray;
  GET DIAGNOSTICS moved = ROW_COUNT;
  DROP TABLE loom.traces_stray;
  RETURN moved;
END $$;
