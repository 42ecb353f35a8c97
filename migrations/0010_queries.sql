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
  overhead_sum_ms float8 NOT NULL,
  -- The histograms once more, as the reader takes them: int16 bucket and int32 count, big-endian, one after the other.
  -- Adding them up is some nanoseconds a bucket there, and a microsecond in SQL.
  latency_packed bytea NOT NULL,
  ttfb_packed bytea NOT NULL
);
CREATE INDEX usage_sums_tenant ON loom.usage_sums (tenant_id, span, detail, at);
ALTER TABLE loom.usage_sums ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- The half hour or the day of UTC that a minute lies in.
CREATE FUNCTION loom.span_begin(span text, minute timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin(CASE span WHEN 'day' THEN interval '1 day' ELSE interval '30 minutes' END, minute, '2000-01-01T00:00:00Z');

-- A sparse histogram out of several: lists of bucket numbers and of counts, with commas, in which a bucket may repeat.
CREATE FUNCTION loom.merge_histograms(bucket_list text, count_list text, OUT buckets int2[], OUT counts int4[], OUT packed bytea)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(bucket ORDER BY bucket), '{}'), coalesce(array_agg(count ORDER BY bucket), '{}'),
    coalesce(string_agg(int2send(bucket) || int4send(count), '' ORDER BY bucket), '') FROM (
    SELECT u.bucket, sum(u.count)::int4 AS count
    FROM unnest(string_to_array(bucket_list, ',')::int2[], string_to_array(count_list, ',')::int4[]) u (bucket, count)
    GROUP BY 1) summed
$$;

-- Adds up to `rows_max` rollups to the sums, and makes those of the same minute one. One statement: whoever reads
-- meanwhile sees all of it or nothing. Returns the number of rollups taken; 0 also while another process does it.
-- Minutes make half hours, half hours make days, and histograms stay lists until the end: each step has less to do.
CREATE FUNCTION loom.fold_usage(rows_max int) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
DECLARE
  asked_before text := coalesce(current_setting('loom.tenant', true), '');
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  taken int8;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('loom.fold_usage')) THEN RETURN 0; END IF;
  PERFORM set_config('loom.tenant', '*', true);
  WITH fresh AS MATERIALIZED (
    DELETE FROM loom.usage_rollups WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM loom.usage_rollups WHERE NOT folded ORDER BY tenant_id, minute LIMIT rows_max))
    RETURNING *
  ), minutes AS MATERIALIZED (
    SELECT tenant_id, minute, api_key_id, provider, model, count(*) AS rollups,
      min(latency_buckets) AS a_latency_buckets, min(latency_counts) AS a_latency_counts,
      min(ttfb_buckets) AS a_ttfb_buckets, min(ttfb_counts) AS a_ttfb_counts,
      sum(requests) AS requests, sum(complete) AS complete, sum(errors) AS errors, sum(aborted) AS aborted,
      sum(truncated) AS truncated, sum(interrupted) AS interrupted, sum(refused) AS refused,
      sum(streamed) AS streamed, sum(client_errors) AS client_errors, sum(server_errors) AS server_errors,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(total_tokens) AS total_tokens, sum(cached_tokens) AS cached_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced,
      sum(latency_sum_ms) AS latency_sum_ms, sum(ttfb_sum_ms) AS ttfb_sum_ms,
      sum(overhead_sum_ms) AS overhead_sum_ms,
      string_agg(nullif(array_to_string(latency_buckets, ','), ''), ',') AS latency_buckets,
      string_agg(nullif(array_to_string(latency_counts, ','), ''), ',') AS latency_counts,
      string_agg(nullif(array_to_string(ttfb_buckets, ','), ''), ',') AS ttfb_buckets,
      string_agg(nullif(array_to_string(ttfb_counts, ','), ''), ',') AS ttfb_counts
    FROM fresh GROUP BY 1, 2, 3, 4, 5
  ), kept AS (
    INSERT INTO loom.usage_rollups (minute, tenant_id, api_key_id, provider, model,
      requests, complete, errors, aborted, truncated, interrupted, refused, streamed, client_errors,
      server_errors, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd,
      unpriced, latency_sum_ms, ttfb_sum_ms, overhead_sum_ms,
      latency_buckets, latency_counts, ttfb_buckets, ttfb_counts, folded)
    SELECT minute, tenant_id, api_key_id, provider, model,
      requests, complete, errors, aborted, truncated, interrupted, refused, streamed, client_errors,
      server_errors, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd,
      unpriced, latency_sum_ms, ttfb_sum_ms, overhead_sum_ms,
      CASE rollups WHEN 1 THEN a_latency_buckets ELSE (loom.merge_histograms(latency_buckets, latency_counts)).buckets END,
      CASE rollups WHEN 1 THEN a_latency_counts ELSE (loom.merge_histograms(latency_buckets, latency_counts)).counts END,
      CASE rollups WHEN 1 THEN a_ttfb_buckets ELSE (loom.merge_histograms(ttfb_buckets, ttfb_counts)).buckets END,
      CASE rollups WHEN 1 THEN a_ttfb_counts ELSE (loom.merge_histograms(ttfb_buckets, ttfb_counts)).counts END,
      true
    FROM minutes
  ), halves AS MATERIALIZED (
    SELECT tenant_id, 'half hour' AS span, true AS detail, loom.span_begin('half hour', minute) AS at,
      api_key_id, provider, model,
      sum(requests) AS requests, sum(complete) AS complete, sum(errors) AS errors, sum(aborted) AS aborted,
      sum(truncated) AS truncated, sum(interrupted) AS interrupted, sum(refused) AS refused,
      sum(streamed) AS streamed, sum(client_errors) AS client_errors, sum(server_errors) AS server_errors,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(total_tokens) AS total_tokens, sum(cached_tokens) AS cached_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced,
      sum(latency_sum_ms) AS latency_sum_ms, sum(ttfb_sum_ms) AS ttfb_sum_ms,
      sum(overhead_sum_ms) AS overhead_sum_ms,
      string_agg(latency_buckets, ',') AS latency_buckets, string_agg(latency_counts, ',') AS latency_counts,
      string_agg(ttfb_buckets, ',') AS ttfb_buckets, string_agg(ttfb_counts, ',') AS ttfb_counts
    FROM minutes GROUP BY 1, 4, 5, 6, 7
  ), days AS MATERIALIZED (
    SELECT tenant_id, 'day' AS span, true AS detail, loom.span_begin('day', at) AS at, api_key_id, provider, model,
      sum(requests) AS requests, sum(complete) AS complete, sum(errors) AS errors, sum(aborted) AS aborted,
      sum(truncated) AS truncated, sum(interrupted) AS interrupted, sum(refused) AS refused,
      sum(streamed) AS streamed, sum(client_errors) AS client_errors, sum(server_errors) AS server_errors,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(total_tokens) AS total_tokens, sum(cached_tokens) AS cached_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced,
      sum(latency_sum_ms) AS latency_sum_ms, sum(ttfb_sum_ms) AS ttfb_sum_ms,
      sum(overhead_sum_ms) AS overhead_sum_ms,
      string_agg(latency_buckets, ',') AS latency_buckets, string_agg(latency_counts, ',') AS latency_counts,
      string_agg(ttfb_buckets, ',') AS ttfb_buckets, string_agg(ttfb_counts, ',') AS ttfb_counts
    FROM halves GROUP BY 1, 4, 5, 6, 7
  ), added AS MATERIALIZED (
    SELECT * FROM halves
    UNION ALL SELECT * FROM days
    UNION ALL
    SELECT tenant_id, span, false, at, nobody, '', '',
      sum(requests) AS requests, sum(complete) AS complete, sum(errors) AS errors, sum(aborted) AS aborted,
      sum(truncated) AS truncated, sum(interrupted) AS interrupted, sum(refused) AS refused,
      sum(streamed) AS streamed, sum(client_errors) AS client_errors, sum(server_errors) AS server_errors,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(total_tokens) AS total_tokens, sum(cached_tokens) AS cached_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced,
      sum(latency_sum_ms) AS latency_sum_ms, sum(ttfb_sum_ms) AS ttfb_sum_ms,
      sum(overhead_sum_ms) AS overhead_sum_ms,
      string_agg(latency_buckets, ',') AS latency_buckets, string_agg(latency_counts, ',') AS latency_counts,
      string_agg(ttfb_buckets, ',') AS ttfb_buckets, string_agg(ttfb_counts, ',') AS ttfb_counts
    FROM (SELECT * FROM halves UNION ALL SELECT * FROM days) detailed GROUP BY 1, 2, 4
  ), before AS (
    DELETE FROM loom.usage_sums u USING (SELECT DISTINCT tenant_id, span, at FROM added) s
    WHERE u.tenant_id = s.tenant_id AND u.span = s.span AND u.at = s.at
    RETURNING u.*
  ), whole AS MATERIALIZED (
    SELECT tenant_id, span, detail, at, api_key_id, provider, model,
      sum(requests) AS requests, sum(complete) AS complete, sum(errors) AS errors, sum(aborted) AS aborted,
      sum(truncated) AS truncated, sum(interrupted) AS interrupted, sum(refused) AS refused,
      sum(streamed) AS streamed, sum(client_errors) AS client_errors, sum(server_errors) AS server_errors,
      sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
      sum(total_tokens) AS total_tokens, sum(cached_tokens) AS cached_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(cost_usd) AS cost_usd, sum(unpriced) AS unpriced,
      sum(latency_sum_ms) AS latency_sum_ms, sum(ttfb_sum_ms) AS ttfb_sum_ms,
      sum(overhead_sum_ms) AS overhead_sum_ms,
      string_agg(latency_buckets, ',') AS latency_buckets, string_agg(latency_counts, ',') AS latency_counts,
      string_agg(ttfb_buckets, ',') AS ttfb_buckets, string_agg(ttfb_counts, ',') AS ttfb_counts
    FROM (
      SELECT * FROM added
      UNION ALL
      SELECT tenant_id, span, detail, at, api_key_id, provider, model,
      requests, complete, errors, aborted, truncated, interrupted, refused, streamed, client_errors,
      server_errors, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd,
      unpriced, latency_sum_ms, ttfb_sum_ms, overhead_sum_ms,
      nullif(array_to_string(latency_buckets, ','), '') AS latency_buckets,
      nullif(array_to_string(latency_counts, ','), '') AS latency_counts,
      nullif(array_to_string(ttfb_buckets, ','), '') AS ttfb_buckets,
      nullif(array_to_string(ttfb_counts, ','), '') AS ttfb_counts
      FROM before) parts
    GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), summed AS (
    INSERT INTO loom.usage_sums (tenant_id, span, detail, at, api_key_id, provider, model,
      requests, complete, errors, aborted, truncated, interrupted, refused, streamed, client_errors,
      server_errors, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd,
      unpriced, latency_sum_ms, ttfb_sum_ms, overhead_sum_ms,
      latency_buckets, latency_counts, ttfb_buckets, ttfb_counts, latency_packed, ttfb_packed)
    SELECT tenant_id, span, detail, at, api_key_id, provider, model,
      requests, complete, errors, aborted, truncated, interrupted, refused, streamed, client_errors,
      server_errors, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_usd,
      unpriced, latency_sum_ms, ttfb_sum_ms, overhead_sum_ms,
      l.buckets, l.counts, t.buckets, t.counts, l.packed, t.packed
    FROM whole, loom.merge_histograms(latency_buckets, latency_counts) l,
      loom.merge_histograms(ttfb_buckets, ttfb_counts) t
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
