-- Up Migration
CREATE TABLE loom.traces (
  tenant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  request_id text,
  trace_id text NOT NULL,
  span_id text NOT NULL,
  endpoint text NOT NULL,
  provider text,
  model text,
  response_model text,
  status_code int2 NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('complete', 'error', 'aborted', 'truncated', 'interrupted', 'refused')),
  error_code text,
  finish_reason text,
  streamed boolean NOT NULL,
  attempts int2 NOT NULL,
  latency_ms float8 NOT NULL,
  ttfb_ms float8,
  gateway_overhead_ms float8 NOT NULL,
  prompt_tokens int4,
  completion_tokens int4,
  total_tokens int4,
  cached_tokens int4,
  reasoning_tokens int4,
  usage_source text NOT NULL CHECK (usage_source IN ('provider', 'estimated', 'none')),
  estimated_cost_usd numeric(20, 10),
  price_version text,
  request_body bytea,
  response_body bytea,
  request_iv bytea,
  response_iv bytea,
  request_bytes int8 NOT NULL,
  response_bytes int8 NOT NULL,
  -- How the plaintext was packed before it was sealed: identity or deflate.
  body_codec text NOT NULL,
  content_type text,
  content_encoding text,
  capture_truncated boolean NOT NULL,
  encryption_key_version int4 NOT NULL,
  session_id text,
  end_user text,
  tags text[] NOT NULL,
  node_id text NOT NULL,
  boot_id uuid NOT NULL,
  lane int2 NOT NULL,
  seq int8 NOT NULL,
  leaf_hash bytea,
  PRIMARY KEY (tenant_id, created_at, id)
) PARTITION BY RANGE (created_at);

-- Ciphertext does not compress; asking Postgres to try would only cost time.
ALTER TABLE loom.traces
  ALTER COLUMN request_body SET STORAGE EXTERNAL,
  ALTER COLUMN response_body SET STORAGE EXTERNAL;

CREATE INDEX traces_model ON loom.traces (tenant_id, model, created_at);
CREATE INDEX traces_key ON loom.traces (tenant_id, api_key_id, created_at);
CREATE INDEX traces_session ON loom.traces (tenant_id, session_id, created_at) WHERE session_id IS NOT NULL;
CREATE INDEX traces_time ON loom.traces USING brin (created_at);

-- Makes the monthly partitions from the month of `from_time` on, `months` of them. Safe to call by many at once.
-- A row over 2 KB moves its bodies out of line until 256 bytes are left, so that scanning metadata reads few pages.
CREATE FUNCTION loom.ensure_trace_partitions(from_time timestamptz, months int) RETURNS int LANGUAGE plpgsql AS $$
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
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;

-- Append-only sums by minute, written in the transaction of the traces that they count.
-- Histograms are sparse, parallel arrays of bucket numbers and counts; workers/persist/histogram.ts has the formula.
CREATE TABLE loom.usage_rollups (
  minute timestamptz NOT NULL,
  tenant_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  requests int4 NOT NULL,
  complete int4 NOT NULL,
  errors int4 NOT NULL,
  aborted int4 NOT NULL,
  truncated int4 NOT NULL,
  interrupted int4 NOT NULL,
  refused int4 NOT NULL,
  streamed int4 NOT NULL,
  prompt_tokens int8 NOT NULL,
  completion_tokens int8 NOT NULL,
  total_tokens int8 NOT NULL,
  cached_tokens int8 NOT NULL,
  reasoning_tokens int8 NOT NULL,
  cost_usd numeric(24, 10) NOT NULL,
  -- Requests with usage that no price was known for; their cost is not in cost_usd.
  unpriced int4 NOT NULL,
  latency_sum_ms float8 NOT NULL,
  latency_buckets int2[] NOT NULL,
  latency_counts int4[] NOT NULL,
  ttfb_sum_ms float8 NOT NULL,
  ttfb_buckets int2[] NOT NULL,
  ttfb_counts int4[] NOT NULL,
  overhead_sum_ms float8 NOT NULL
);
CREATE INDEX usage_rollups_tenant ON loom.usage_rollups (tenant_id, minute);

-- A row that Postgres refused. `sealed_row` is the row as it would have been copied, sealed under the tenant's key.
CREATE TABLE loom.dead_traces (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  reason text NOT NULL,
  sqlstate text,
  sealed_row bytea NOT NULL,
  row_iv bytea NOT NULL,
  encryption_key_version int4 NOT NULL,
  node_id text NOT NULL,
  boot_id uuid NOT NULL,
  lane int2 NOT NULL,
  seq int8 NOT NULL,
  set_aside_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_traces_tenant ON loom.dead_traces (tenant_id, created_at);
