-- The clock of a place never goes back: what acts there is asked for at the present, but
-- not at an instant before its latest sanction. Every sanction has its place in
-- sanction_places.

-- name: hold every room's sanctions
SELECT revision FROM sanction_places WHERE place = ''
FOR SHARE;

-- name: lock place
SELECT revision, latest FROM sanction_places WHERE place = $1
FOR UPDATE;

-- name: add place
INSERT INTO sanction_places (place, revision, latest) VALUES ($1, 0, 0)
ON CONFLICT (place) DO NOTHING;

-- A revision is one that there never was before, even where the sequence has been set back
-- with the database: since then more microseconds have passed than there were changes.

-- name: change place
UPDATE sanction_places
SET revision = GREATEST(revision + 1, nextval('sanction_revisions') + COALESCE($3::bigint, microseconds())),
  latest = GREATEST(latest, $2::bigint)
WHERE place = $1
RETURNING revision;

-- name: surpass place
UPDATE sanction_places SET revision = $2::bigint + 1
WHERE place = $1 AND revision <= $2::bigint;

-- name: sanction request
SELECT r.term, s.id, s.kind, s.place, s.user_id, s.reason, s.by_id, s.at, s.until
FROM sanction_requests r JOIN sanctions s ON s.id = r.sanction
WHERE r.place = $1 AND r.kind = $2 AND r.by_id = $3 AND r.id = $4
  AND r.expires > COALESCE($5::bigint, microseconds());

-- name: remember sanction request
INSERT INTO sanction_requests (place, kind, by_id, id, sanction, term, expires)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (place, kind, by_id, id) DO UPDATE
SET sanction = EXCLUDED.sanction, term = EXCLUDED.term, expires = EXCLUDED.expires;

-- name: barred
SELECT clock.now, EXISTS (
  SELECT FROM sanctions s JOIN sanction_places p ON p.place = s.place
  WHERE s.user_id = $1 AND s.place IN ('', $2) AND s.kind = $3 AND s.lifted_at = 0
    AND s.until > GREATEST(clock.now, p.latest)
)
FROM (SELECT COALESCE($4::bigint, microseconds()) AS now) clock;

-- name: apply sanction
INSERT INTO sanctions (id, kind, place, user_id, reason, by_id, at, until, lifted_by, lifted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0);

-- name: replace sanctions
UPDATE sanctions SET lifted_by = $4, lifted_at = $5::bigint
WHERE user_id = $1 AND place = $2 AND kind = ANY ($3::smallint[]) AND lifted_at = 0 AND until > $5::bigint
RETURNING id, kind, place, user_id, reason, by_id, at, until, lifted_by, lifted_at;

-- name: lift sanction
UPDATE sanctions s SET lifted_by = $4, lifted_at = GREATEST(clock.now, p.latest)
FROM sanction_places p, (SELECT COALESCE($5::bigint, microseconds()) AS now) clock
WHERE p.place = $2 AND s.user_id = $1 AND s.place = $2 AND s.kind = $3 AND s.lifted_at = 0
  AND s.until > GREATEST(clock.now, p.latest)
RETURNING s.id, s.kind, s.place, s.user_id, s.reason, s.by_id, s.at, s.until, s.lifted_by, s.lifted_at;

-- name: sanctions of a room
WITH clock AS MATERIALIZED (
  SELECT place, GREATEST(COALESCE($7::bigint, microseconds()), latest) AS now
  FROM sanction_places WHERE place IN ('', $1)
),
everywhere AS (
  SELECT clock.now, s.* FROM sanctions s, clock
  WHERE s.place = '' AND clock.place = ''
    AND ($2::text = '' OR user_id = $2) AND (cardinality($3::smallint[]) = 0 OR kind = ANY ($3))
    AND ($4::boolean OR lifted_at = 0 AND until > now) AND (at, id) < ($5::bigint, $6::text)
  ORDER BY at DESC, id DESC LIMIT $8
),
here AS (
  SELECT clock.now, s.* FROM sanctions s, clock
  WHERE s.place = $1 AND clock.place = $1
    AND ($2::text = '' OR user_id = $2) AND (cardinality($3::smallint[]) = 0 OR kind = ANY ($3))
    AND ($4::boolean OR lifted_at = 0 AND until > now) AND (at, id) < ($5::bigint, $6::text)
  ORDER BY at DESC, id DESC LIMIT $8
)
SELECT now, id, kind, place, user_id, reason, by_id, at, until, lifted_by, lifted_at
FROM (SELECT * FROM everywhere UNION ALL SELECT * FROM here) s
ORDER BY at DESC, id DESC LIMIT $8;

-- name: sanctions
WITH clock AS MATERIALIZED (SELECT COALESCE($6::bigint, microseconds()) AS now)
SELECT GREATEST(clock.now, p.latest), id, kind, s.place, user_id, reason, by_id, at, until, lifted_by, lifted_at
FROM sanctions s JOIN sanction_places p ON p.place = s.place, clock
WHERE ($1::text = '' OR user_id = $1) AND (cardinality($2::smallint[]) = 0 OR kind = ANY ($2))
  AND ($3::boolean OR lifted_at = 0 AND until > GREATEST(clock.now, p.latest)) AND (at, id) < ($4::bigint, $5::text)
ORDER BY at DESC, id DESC LIMIT $7;

-- name: sanction revisions
SELECT place, revision FROM sanction_places WHERE place = ANY ($1::text[]);

-- name: acting
SELECT COALESCE(p.revision, 0), s.kind, s.user_id, s.reason, s.until
FROM (SELECT COALESCE($2::bigint, microseconds()) AS now) clock
LEFT JOIN sanction_places p ON p.place = $1
LEFT JOIN sanctions s ON s.place = p.place AND s.lifted_at = 0 AND s.until > GREATEST(clock.now, p.latest);

-- name: acting on a user
SELECT COALESCE(p.revision, 0), s.kind, s.user_id, s.reason, s.until
FROM (SELECT COALESCE($2::bigint, microseconds()) AS now) clock
LEFT JOIN sanction_places p ON p.place = $1
LEFT JOIN sanctions s ON s.place = p.place AND s.user_id IN ('', $3) AND s.lifted_at = 0
  AND s.until > GREATEST(clock.now, p.latest);
