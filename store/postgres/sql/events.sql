-- name: append events
WITH head AS (
  UPDATE event_head
  SET latest = latest + cardinality($2::text[]), recorded = GREATEST(recorded, COALESCE($1::bigint, microseconds()))
  RETURNING latest, recorded
)
INSERT INTO events (position, id, room, at, recorded, kind, payload)
SELECT head.latest - cardinality($2::text[]) + e.place, e.id, e.room, e.at, head.recorded, e.kind, e.payload
FROM head, unnest($2::text[], $3::text[], $4::bigint[], $5::smallint[], $6::bytea[])
  WITH ORDINALITY AS e (id, room, at, kind, payload, place)
ORDER BY e.place
ON CONFLICT (id) DO NOTHING;

-- name: event window
SELECT latest, COALESCE(
  (SELECT position FROM events WHERE position > $1 ORDER BY position OFFSET $2 LIMIT 1), GREATEST(latest, $1)
) FROM event_head;

-- name: events
SELECT position, id, room, at, recorded, kind, payload FROM events
WHERE position > $1 AND position <= $2
  AND (cardinality($3::text[]) = 0 OR room = ANY ($3::text[]))
  AND (cardinality($4::smallint[]) = 0 OR kind = ANY ($4::smallint[]))
ORDER BY position LIMIT $5;

-- name: event consumer
SELECT c.consumer IS NOT NULL, COALESCE(c.position, 0), h.latest
FROM event_head h LEFT JOIN event_consumers c ON c.consumer = $1;

-- name: acknowledge events
INSERT INTO event_consumers AS c (consumer, position)
SELECT $1::text, GREATEST($2::bigint, 0) FROM event_head WHERE $2::bigint <= latest
ON CONFLICT (consumer) DO UPDATE SET position = GREATEST(c.position, EXCLUDED.position)
RETURNING position;

-- name: prune events
DELETE FROM events WHERE position = ANY (ARRAY(
  SELECT position FROM (
    SELECT position, recorded FROM events ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED
  ) oldest
  WHERE recorded < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
));
