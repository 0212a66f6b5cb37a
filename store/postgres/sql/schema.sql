-- name: versions exist
SELECT to_regclass('schema_versions') IS NOT NULL;

-- name: versions
SELECT version_id, tstamp FROM schema_versions WHERE version_id > 0 AND is_applied
ORDER BY version_id;

-- name: lock schema
SELECT pg_advisory_xact_lock(hashtextextended('ovation: the schema of ' || current_schema(), 0));
