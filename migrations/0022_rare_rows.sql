-- Up Migration

-- Rows that are few and looked for: without these a page of them is 250 rows of the heap, most of them looked at in
-- vain. They cost only the rows that match. src/query/rare-rows.ts has the same conditions, as constants.
CREATE INDEX traces_server_error ON loom.traces (tenant_id, created_at, id) WHERE status_code >= 500;
CREATE INDEX traces_slow ON loom.traces (tenant_id, created_at, id) WHERE latency_ms >= 10000;
CREATE INDEX traces_costly ON loom.traces (tenant_id, created_at, id) WHERE estimated_cost_usd >= 0.05;
