-- Whoever appends holds the head first: then it sees which ids are there, and no position
-- is left out.

-- name: hold event head
SELECT latest, GREATEST(recorded, COALESCE($1::bigint, microseconds())) FROM event_head
FOR UPDATE;

-- name: append events
WITH fresh AS (
  SELECT e.*, row_number() OVER (ORDER BY e.place) AS nth
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::smallint[], $6::bytea[])
    WITH ORDINALITY AS e (id, room, at, kind, payload, place)
  WHERE (SELECT position FROM events known WHERE known.id = e.id) IS NULL -- each by its id, however many there are
),
head AS (
  UPDATE event_head
  SET latest = latest + (SELECT count(*) FROM fresh), recorded = GREATEST(recorded, COALESCE($1::bigint, microseconds()))
  RETURNING latest - (SELECT count(*) FROM fresh) AS before, recorded
)
INSERT INTO events (position, id, room, at, recorded, kind, payload)
SELECT head.before + fresh.nth, fresh.id, fresh.room, fresh.at, head.recorded, fresh.kind, fresh.payload
FROM head, fresh;

-- name: events there are
SELECT w.id FROM unnest($1::text[]) AS w (id), LATERAL (SELECT FROM events WHERE id = w.id LIMIT 1) known;

-- name: move event head
UPDATE event_head SET latest = $1, recorded = $2;

-- name: latest event
SELECT latest FROM event_head;

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

-- name: hold event floor
SELECT position FROM event_floor
FOR UPDATE SKIP LOCKED;

-- name: prune events
WITH gone AS (
  DELETE FROM events WHERE position = ANY (ARRAY(
    SELECT position FROM (SELECT position, recorded FROM events WHERE position > $4 ORDER BY position LIMIT $3) oldest
    WHERE recorded < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
  ))
  RETURNING position
)
SELECT count(*), COALESCE(max(position), 0) FROM gone;

-- name: raise event floor
UPDATE event_floor SET position = $1;

-- name: count dropped events
UPDATE event_consumers SET dropped = dropped + $1::bigint - GREATEST($2::bigint, position)
WHERE position < $1::bigint;
