-- name: note debt
INSERT INTO debts (matter, place, noted)
VALUES ($1, $2, COALESCE($3::bigint, microseconds()))
ON CONFLICT (matter, place) DO UPDATE SET since = EXCLUDED.since;

-- name: owed
SELECT matter, place, since FROM debts
WHERE noted <= (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
ORDER BY noted, since LIMIT $3;

-- name: pay debt
DELETE FROM debts WHERE matter = $1 AND place = $2 AND since = $3;
