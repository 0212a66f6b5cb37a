-- name: versions exist
SELECT to_regclass('schema_versions') IS NOT NULL;

-- name: versions
SELECT version_id, tstamp FROM schema_versions WHERE version_id > 0 AND is_applied
ORDER BY version_id;

-- name: lock schema
SELECT pg_advisory_xact_lock(hashtextextended('ovation: the schema of ' || current_schema(), 0));

-- name: go by indexes and do not wait for the disk
SELECT set_config('statement_timeout', $1::text, true),
  set_config('idle_in_transaction_session_timeout', $1::text, true),
  set_config('plan_cache_mode', 'force_generic_plan', true),
  set_config('enable_seqscan', 'off', true),
  set_config('jit', 'off', true),
  set_config('synchronous_commit', 'off', true);

-- name: wait for the disk
-- A commit that waits for the disk waits for all that was committed before it.
SELECT pg_logical_emit_message(true, 'ovation', '');
