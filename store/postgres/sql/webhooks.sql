-- name: consumer to change
SELECT url IS NOT NULL, url IS NULL AND until > COALESCE($2::bigint, microseconds()), secret FROM event_consumers
WHERE consumer = $1
FOR UPDATE;

-- name: put webhook
INSERT INTO event_consumers AS c
  (consumer, position, kinds, rooms, revision, url, secret, timeout, give_up_after, paused)
SELECT $1::text, CASE WHEN $2::boolean THEN f.position ELSE h.latest END, $3::smallint[], $4::text[],
  nextval('event_revisions'), $5::text, $6::text, $7::bigint, $8::bigint, $9::boolean
FROM event_head h, event_floor f
ON CONFLICT (consumer) DO UPDATE
SET kinds = EXCLUDED.kinds, rooms = EXCLUDED.rooms, revision = EXCLUDED.revision, url = EXCLUDED.url, secret = EXCLUDED.secret,
  timeout = EXCLUDED.timeout, give_up_after = EXCLUDED.give_up_after, paused = EXCLUDED.paused,
  owner = CASE WHEN c.url IS NULL OR EXCLUDED.paused THEN '' ELSE c.owner END,
  until = CASE WHEN c.url IS NULL OR EXCLUDED.paused THEN 0 ELSE c.until END;

-- name: claim webhooks
WITH clock AS MATERIALIZED (SELECT COALESCE($2::bigint, microseconds()) AS now),
free AS (
  SELECT consumer FROM event_consumers
  WHERE url IS NOT NULL AND NOT paused AND owner <> $1 AND until <= (SELECT now FROM clock)
  ORDER BY consumer LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE event_consumers c
SET owner = $1, until = clock.now + $3::bigint,
  revision = CASE WHEN c.owner = $1 THEN c.revision ELSE nextval('event_revisions') END
FROM clock
WHERE c.url IS NOT NULL AND NOT c.paused AND (c.owner = $1 OR c.consumer IN (SELECT consumer FROM free))
RETURNING c.consumer, c.revision, c.position, c.url, c.secret, c.timeout, c.give_up_after, c.kinds, c.rooms;

-- name: held deliveries
SELECT position, id, room, at, recorded, kind, payload, again, attempts, first, due, status, error
FROM event_held WHERE consumer = $1
ORDER BY position;

-- name: hold webhook
SELECT position FROM event_consumers
WHERE consumer = $1 AND owner = $2 AND revision = $3
FOR UPDATE;

-- name: webhook has read
UPDATE event_consumers c SET position = GREATEST(c.position, LEAST($2::bigint, h.latest))
FROM event_head h WHERE c.consumer = $1;

-- name: hold no more
DELETE FROM event_held WHERE consumer = $1 AND position = ANY ($2::bigint[]);

-- name: hold events
INSERT INTO event_held
  (consumer, position, id, room, at, recorded, kind, payload, again, attempts, first, due, status, error)
SELECT $1::text, d.* FROM unnest(
  $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::smallint[], $8::bytea[], $9::boolean[],
  $10::integer[], $11::bigint[], $12::bigint[], $13::integer[], $14::text[]
) d
ON CONFLICT (consumer, position) DO UPDATE
SET attempts = EXCLUDED.attempts, first = EXCLUDED.first, due = EXCLUDED.due, status = EXCLUDED.status, error = EXCLUDED.error;

-- name: write dead letters
INSERT INTO dead_letters
  (consumer, position, id, room, at, recorded, kind, payload, again, attempts, first, due, status, error, given_up)
SELECT $1::text, d.*, COALESCE($15::bigint, microseconds()) FROM unnest(
  $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::smallint[], $8::bytea[], $9::boolean[],
  $10::integer[], $11::bigint[], $12::bigint[], $13::integer[], $14::text[]
) d;

-- name: dead letters
SELECT letter, consumer, given_up, position, id, room, at, recorded, kind, payload, again, attempts, first, due, status, error
FROM dead_letters
WHERE letter > $2 AND ($1::text = '' OR consumer = $1)
ORDER BY letter LIMIT $3;

-- name: revise webhooks of dead letters
UPDATE event_consumers SET revision = nextval('event_revisions')
WHERE consumer IN (
  SELECT c.consumer FROM event_consumers c
  WHERE c.consumer IN (SELECT d.consumer FROM dead_letters d WHERE d.letter = ANY ($1::bigint[]))
  ORDER BY c.consumer FOR UPDATE
);

-- name: retry dead letters
WITH taken AS (DELETE FROM dead_letters WHERE letter = ANY ($1::bigint[]) RETURNING *),
held AS (
  INSERT INTO event_held (consumer, position, id, room, at, recorded, kind, payload, again, attempts, first, due, status, error)
  SELECT t.consumer, t.position, t.id, t.room, t.at, t.recorded, t.kind, t.payload, true, 0, 0, 0, 0, ''
  FROM taken t JOIN event_consumers c ON c.consumer = t.consumer
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM taken;

-- name: prune dead letters
WITH beyond AS MATERIALIZED (
  SELECT c.consumer, (
    SELECT d.letter FROM dead_letters d WHERE d.consumer = c.consumer ORDER BY d.letter DESC OFFSET $1::bigint LIMIT 1
  ) AS last
  FROM event_consumers c
)
DELETE FROM dead_letters WHERE letter = ANY (ARRAY(
  SELECT d.letter FROM beyond b JOIN dead_letters d ON d.consumer = b.consumer AND d.letter <= b.last
  ORDER BY d.letter LIMIT $2::bigint FOR UPDATE OF d SKIP LOCKED
));
