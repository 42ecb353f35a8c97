-- Up Migration

-- What happens when a client of this key leaves before its answer has ended: the provider's work is stopped, or the
-- answer is read on to its usage.
ALTER TABLE loom.api_keys
  ADD COLUMN on_disconnect text NOT NULL DEFAULT 'cancel' CHECK (on_disconnect IN ('cancel', 'drain'));
