-- Up Migration

-- ANALYZE would copy salts into pg_statistic, where an erasure would have to look for them.
ALTER TABLE loom.tenants ALTER COLUMN key_salt SET STATISTICS 0;

-- When the tenant's salt was destroyed; NULL for a tenant that lives.
ALTER TABLE loom.tenants ADD COLUMN erased_at timestamptz;

-- A salt that is gone stays gone: whoever brought one back would make a tenant that looks alive and opens nothing.
CREATE FUNCTION loom.keep_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'tenant % was erased', OLD.name USING ERRCODE = 'invalid_parameter_value';
END $$;
CREATE TRIGGER tenants_stay_erased BEFORE UPDATE ON loom.tenants FOR EACH ROW
  WHEN (OLD.erased_at IS NOT NULL AND (NEW.key_salt IS NOT NULL OR NEW.erased_at IS NULL))
  EXECUTE FUNCTION loom.keep_erased();
