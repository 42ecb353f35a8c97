-- Up Migration

-- What is known of an exchange beside its columns: the tries, the phases, when a stream's bytes came, the client's
-- program (src/trace/row-detail.ts). json and not jsonb: the ledger's leaf covers the very bytes, and json keeps them.
-- NULL in rows from before this column only; their leaf was made without it (docs/ledger.md).
ALTER TABLE loom.traces ADD COLUMN detail json;
-- Out of line with the bodies where a row is large: lists do not read it, and compressing it would only cost time.
ALTER TABLE loom.traces ALTER COLUMN detail SET STORAGE EXTERNAL;
