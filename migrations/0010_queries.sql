-- Up Migration

-- When a row came into the database: what the live tail asks by, since exchanges end in another order than they
-- began. No column of the ledger's leaf and none that COPY writes.
ALTER TABLE loom.traces ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX traces_recorded ON loom.traces (tenant_id, recorded_at);
-- What went wrong is rare and looked for most.
CREATE INDEX traces_failed ON loom.traces (tenant_id, created_at, id) WHERE outcome <> 'complete';
CREATE INDEX traces_user ON loom.traces (tenant_id, end_user, created_at) WHERE end_user IS NOT NULL;

ALTER TABLE loom.usage_rollups
  -- Answers with a status of 400 to 499, and of 500 on.
  ADD COLUMN client_errors int4 NOT NULL DEFAULT 0,
  ADD COLUMN server_errors int4 NOT NULL DEFAULT 0,
  -- Whether loom.usage_sums counts this row already.
  ADD COLUMN folded boolean NOT NULL DEFAULT false;
CREATE INDEX usage_rollups_fresh ON loom.usage_rollups (tenant_id, minute) WHERE NOT folded;

-- The rollups added up: by half hour, since time zones differ by that, and by day of UTC; each once by key, provider
-- and model (`detail`), and once for the whole tenant, with empty names. The rollups stay, for the minutes.
-- At every moment: sums of a time = its rows here + its rollups that are not folded yet.
CREATE TABLE loom.usage_sums (
  tenant_id uuid NOT NULL,
  span text NOT NULL CHECK (span IN ('half hour', 'day')),
  detail boolean NOT NULL,
  at timestamptz NOT NULL,
  api_key_id uuid NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  requests int8 NOT NULL,
  complete int8 NOT NULL,
  errors int8 NOT NULL,
  aborted int8 NOT NULL,
  truncated int8 NOT NULL,
  interrupted int8 NOT NULL,
  refused int8 NOT NULL,
  streamed int8 NOT NULL,
  client_errors int8 NOT NULL,
  server_errors int8 NOT NULL,
  prompt_tokens int8 NOT NULL,
  completion_tokens int8 NOT NULL,
  total_tokens int8 NOT NULL,
  cached_tokens int8 NOT NULL,
  reasoning_tokens int8 NOT NULL,
  cost_usd numeric(28, 10) NOT NULL,
  unpriced int8 NOT NULL,
  latency_sum_ms float8 NOT NULL,
  latency_buckets int2[] NOT NULL,
  latency_counts int4[] NOT NULL,
  ttfb_sum_ms float8 NOT NULL,
  ttfb_buckets int2[] NOT NULL,
  ttfb_counts int4[] NOT NULL,
  overhead_sum_ms float8 NOT NULL
);
CREATE INDEX usage_sums_tenant ON loom.usage_sums (tenant_id, span, detail, at);
ALTER TABLE loom.usage_sums ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- The half hour or the day of UTC that a minute lies in.
CREATE FUNCTION loom.span_begin(span text, minute timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin(CASE span WHEN 'day' THEN interval '1 day' ELSE interval '30 minutes' END, minute, '2000-01-01T00:00:00Z');

-- Adds up to `rows_max` rollups to the sums, and makes those of the same minute one. One statement: whoever reads
-- meanwhile sees all of it or nothing. Returns the number of rollups taken; 0 also while another process does it.
CREATE FUNCTION loom.fold_usage(rows_max int) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asked_before text := coalesce(current_setting('loom.tenant', true), '');
  taken int8;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('loom.fold_usage')) THEN RETURN 0; END IF;
  PERFORM set_config('loom.tenant', '*', true);
  WITH fresh AS MATERIALIZED (
    DELETE FROM loom.usage_rollups WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM loom.usage_rollups WHERE NOT folded ORDER BY tenant_id, minute LIMIT rows_max))
    RETURNING *
  ), spans AS MATERIALIZED (
    SELECT DISTINCT f.tenant_id, s.span, loom.span_begin(s.span, f.minute) AS at
    FROM fresh f CROSS JOIN (VALUES ('half hour'), ('day')) s (span)
  ), before AS (
    DELETE FROM loom.usage_sums u USING spans s
    WHERE u.tenant_id = s.tenant_id AND u.span = s.span AND u.at = s.at
    RETURNING u.*
  ), parts AS MATERIALIZED (
    SELECT f.tenant_id, s.span, s.detail,
      CASE s.span WHEN 'minute' THEN f.minute ELSE loom.span_begin(s.span, f.minute) END AS at,
      CASE WHEN s.detail THEN f.api_key_id ELSE '00000000-0000-0000-0000-000000000000' END AS api_key_id,
      CASE WHEN s.detail THEN f.provider ELSE '' END AS provider,
      CASE WHEN s.detail THEN f.model ELSE '' END AS model,
      f.requests::int8, f.complete::int8, f.errors::int8, f.aborted::int8, f.truncated::int8, f.interrupted::int8,
      f.refused::int8, f.streamed::int8, f.client_errors::int8, f.server_errors::int8,
      f.prompt_tokens, f.completion_tokens, f.total_tokens, f.cached_tokens, f.reasoning_tokens,
      f.cost_usd, f.unpriced::int8, f.latency_sum_ms, f.latency_buckets, f.latency_counts,
      f.ttfb_sum_ms, f.ttfb_buckets, f.ttfb_counts, f.overhead_sum_ms
    FROM fresh f CROSS JOIN (VALUES
      ('minute', true), ('half hour', true), ('half hour', false), ('day', true), ('day', false)) s (span, detail)
    UNION ALL SELECT * FROM before
  ), latency AS (
    SELECT tenant_id, span, detail, at, api_key_id, provider, model,
      array_agg(bucket ORDER BY bucket) AS buckets, array_agg(count::int4 ORDER BY bucket) AS counts
    FROM (
      SELECT tenant_id, span, detail, at, api_key_id, provider, model, u.bucket, sum(u.count) AS count
      FROM parts, unnest(latency_buckets, latency_counts) u (bucket, count) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ) buckets GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), ttfb AS (
    SELECT tenant_id, span, detail, at, api_key_id, provider, model,
      array_agg(bucket ORDER BY bucket) AS buckets, array_agg(count::int4 ORDER BY bucket) AS counts
    FROM (
      SELECT tenant_id, span, detail, at, api_key_id, provider, model, u.bucket, sum(u.count) AS count
      FROM parts, unnest(ttfb_buckets, ttfb_counts) u (bucket, count) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ) buckets GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), sums AS (
    SELECT tenant_id, span, detail, at, api_key_id, provider, model,
      sum(requests) AS requests, sum(complete) AS complete, sum(errors) AS errors, sum(aborted) AS aborted,
      sum(truncated) AS truncated, sum(interrupted) AS interrupted, sum(refused) AS refused,
      sum(streamed) AS streamed, sum(client_errors) AS client_errors, sum(server_errors) AS server_errors,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(total_tokens) AS total_tokens, sum(cached_tokens) AS cached_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced,
      sum(latency_sum_ms) AS latency_sum_ms, sum(ttfb_sum_ms) AS ttfb_sum_ms, sum(overhead_sum_ms) AS overhead_sum_ms
    FROM parts GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), whole AS MATERIALIZED (
    SELECT s.*, coalesce(l.buckets, '{}') AS latency_buckets, coalesce(l.counts, '{}') AS latency_counts,
      coalesce(t.buckets, '{}') AS ttfb_buckets, coalesce(t.counts, '{}') AS ttfb_counts
    FROM sums s
    LEFT JOIN latency l USING (tenant_id, span, detail, at, api_key_id, provider, model)
    LEFT JOIN ttfb t USING (tenant_id, span, detail, at, api_key_id, provider, model)
  ), kept AS (
    INSERT INTO loom.usage_rollups (minute, tenant_id, api_key_id, provider, model, requests, complete, errors,
      aborted, truncated, interrupted, refused, streamed, client_errors, server_errors, prompt_tokens,
      completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd, unpriced, latency_sum_ms,
      latency_buckets, latency_counts, ttfb_sum_ms, ttfb_buckets, ttfb_counts, overhead_sum_ms, folded)
    SELECT at, tenant_id, api_key_id, provider, model, requests, complete, errors,
      aborted, truncated, interrupted, refused, streamed, client_errors, server_errors, prompt_tokens,
      completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd, unpriced, latency_sum_ms,
      latency_buckets, latency_counts, ttfb_sum_ms, ttfb_buckets, ttfb_counts, overhead_sum_ms, true
    FROM whole WHERE span = 'minute'
  ), added AS (
    INSERT INTO loom.usage_sums (tenant_id, span, detail, at, api_key_id, provider, model, requests, complete, errors,
      aborted, truncated, interrupted, refused, streamed, client_errors, server_errors, prompt_tokens,
      completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd, unpriced, latency_sum_ms,
      latency_buckets, latency_counts, ttfb_sum_ms, ttfb_buckets, ttfb_counts, overhead_sum_ms)
    SELECT tenant_id, span, detail, at, api_key_id, provider, model, requests, complete, errors,
      aborted, truncated, interrupted, refused, streamed, client_errors, server_errors, prompt_tokens,
      completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd, unpriced, latency_sum_ms,
      latency_buckets, latency_counts, ttfb_sum_ms, ttfb_buckets, ttfb_counts, overhead_sum_ms
    FROM whole WHERE span <> 'minute'
  )
  SELECT count(*) INTO taken FROM fresh;
  PERFORM set_config('loom.tenant', asked_before, true);
  RETURN taken;
END $$;

-- The grants so far, and those of what came here. Later migrations add theirs in the same way.
ALTER FUNCTION loom.apply_grants() RENAME TO apply_grants_before_queries;
CREATE FUNCTION loom.apply_grants() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_name text;
BEGIN
  PERFORM loom.apply_grants_before_queries();
  SELECT r.rolname INTO owner_name FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.oid = 'loom.usage_sums'::regclass;
  EXECUTE format(
    'CREATE POLICY asked ON loom.usage_sums FOR ALL TO %I USING (current_setting(''loom.tenant'', true) = ''*''
       OR tenant_id = loom.current_tenant()) WITH CHECK (true)', owner_name);
  IF to_regrole('loom_reader') IS NOT NULL THEN
    GRANT SELECT ON loom.usage_sums TO loom_reader;
    CREATE POLICY own ON loom.usage_sums FOR SELECT TO loom_reader USING (tenant_id = loom.current_tenant());
  END IF;
  IF to_regrole('loom_authenticator') IS NOT NULL THEN
    GRANT EXECUTE ON FUNCTION loom.fold_usage(int) TO loom_authenticator;
  END IF;
END $$;
SELECT loom.apply_grants();
