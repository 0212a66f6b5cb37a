-- name: consumers
SELECT c.consumer, a.at, head.latest, GREATEST(head.latest - GREATEST(a.at, head.floor), 0),
  COALESCE((SELECT recorded FROM events WHERE position > GREATEST(a.at, head.floor) ORDER BY position LIMIT 1), 0),
  c.dropped, CASE WHEN c.url IS NULL THEN c.until > COALESCE($1::bigint, microseconds()) ELSE NOT c.paused END,
  (SELECT count(*) FROM event_held h WHERE h.consumer = c.consumer),
  (SELECT count(*) FROM dead_letters d WHERE d.consumer = c.consumer),
  c.url, c.timeout, c.give_up_after, c.paused, c.kinds, c.rooms
FROM event_consumers c
CROSS JOIN (SELECT h.latest, f.position AS floor FROM event_head h, event_floor f) head
CROSS JOIN LATERAL (
  SELECT LEAST(c.position, (
    SELECT min(position) - 1 FROM event_held h WHERE h.consumer = c.consumer AND NOT h.again
  )) AS at
) a
WHERE CASE WHEN $3::integer = 0 THEN c.consumer = $2 ELSE c.consumer > $2 END
ORDER BY c.consumer LIMIT GREATEST($3::integer, 1);

-- name: open consumer
INSERT INTO event_consumers AS c (consumer, position, owner, until, kinds, rooms)
SELECT $1::text, CASE WHEN $2::boolean THEN f.position ELSE h.latest END, $3::text,
  COALESCE($4::bigint, microseconds()) + $5::bigint, $6::smallint[], $7::text[]
FROM event_head h, event_floor f
ON CONFLICT (consumer) DO UPDATE
SET owner = EXCLUDED.owner, until = EXCLUDED.until, kinds = EXCLUDED.kinds, rooms = EXCLUDED.rooms
WHERE c.url IS NULL;

-- name: keep consumer
UPDATE event_consumers c
SET until = COALESCE($3::bigint, microseconds()) + $4::bigint, position = GREATEST(c.position, LEAST($5::bigint, h.latest))
FROM event_head h
WHERE c.consumer = $1 AND c.owner = $2 AND c.url IS NULL;

-- name: close consumer
UPDATE event_consumers SET owner = '', until = 0
WHERE consumer = $1 AND owner = $2;

-- name: consumer exists
SELECT EXISTS (SELECT FROM event_consumers WHERE consumer = $1);

-- name: acknowledge events
UPDATE event_consumers c
SET position = GREATEST(c.position, $2::bigint),
  revision = CASE WHEN c.url IS NOT NULL AND (c.position < $2::bigint OR EXISTS (
    SELECT FROM event_held x WHERE x.consumer = $1 AND x.position <= $2::bigint AND NOT x.again
  )) THEN nextval('event_revisions') ELSE c.revision END
FROM event_head h
WHERE c.consumer = $1 AND $2::bigint <= h.latest;

-- name: hold no more up to
DELETE FROM event_held WHERE consumer = $1 AND position <= $2 AND NOT again;

-- name: forget consumer
DELETE FROM event_consumers WHERE consumer = $1;

-- name: forget held events
DELETE FROM event_held WHERE consumer = $1;

-- name: forget dead letters
DELETE FROM dead_letters WHERE consumer = $1;

-- name: message wishes
SELECT kinds, rooms FROM event_consumers WHERE kinds && '{9,10}'::smallint[];
