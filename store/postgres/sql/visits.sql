-- name: hold visit parts
SELECT part FROM visit_parts WHERE part = ANY ($1::integer[])
ORDER BY part FOR UPDATE;

-- name: visit rooms
SELECT room, number, ending, state FROM visit_rooms WHERE room = ANY ($1::text[]);

-- name: open visit rooms
INSERT INTO visit_rooms (room, ending, state)
SELECT id, ended, CASE WHEN ended > 0 THEN 2 ELSE 0 END
FROM (SELECT id, ended FROM rooms WHERE id = ANY ($1::text[]) ORDER BY id FOR SHARE) there
ON CONFLICT (room) DO NOTHING;

-- name: end visit room
UPDATE visit_rooms SET ending = $2, state = 1 WHERE room = $1 AND state = 0;

-- A viewer's stays are looked up by the key, one viewer after the other, however few rows are
-- thought to be there.

-- name: stays
SELECT w.place, v.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (room, viewer, place)
JOIN visit_rooms r ON r.room = w.room
CROSS JOIN LATERAL (
  SELECT ctid, session, version, entered, entered_last, exited_first, exited, seen, began, ended, inferred, anomaly
  FROM visits WHERE viewer = w.viewer AND room = r.number
  OFFSET 0
) v;

-- Rows are where they were read, in the same transaction: nobody else merges events of their
-- viewers.

-- name: change visits
UPDATE visits v
SET entered = w.entered, entered_last = w.entered_last, exited_first = w.exited_first, exited = w.exited, seen = w.seen,
  began = w.began, ended = w.ended, inferred = w.inferred, anomaly = w.anomaly
FROM unnest($1::tid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
  $9::bigint[], $10::boolean[], $11::smallint[])
  AS w (place, version, entered, entered_last, exited_first, exited, seen, began, ended, inferred, anomaly)
WHERE v.ctid = w.place AND v.version = w.version;

-- name: change visit minutes
INSERT INTO visit_minutes AS m (room, minute, enters, exits)
SELECT w.room, w.minute, w.enters, w.exits
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (room, minute, enters, exits)
ORDER BY w.room, w.minute
ON CONFLICT (room, minute) DO UPDATE
SET enters = m.enters + EXCLUDED.enters, exits = m.exits + EXCLUDED.exits, changes = m.changes + 1;

-- name: add visit moments
INSERT INTO visit_moments (room, kind, minute, at, changes)
SELECT w.room, w.kind, w.minute, ($6::integer[])[w.first:w.last], ($7::integer[])[w.first:w.last]
FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::integer[], $5::integer[]) AS w (room, kind, minute, first, last);

-- name: change visit lengths
INSERT INTO visit_lengths AS l (room, minutes, users)
SELECT w.room, w.minutes, w.users
FROM unnest($1::bigint[], $2::integer[], $3::bigint[]) AS w (room, minutes, users)
ORDER BY w.room, w.minutes
ON CONFLICT (room, minutes) DO UPDATE SET users = l.users + EXCLUDED.users;

-- name: hold visit rooms
SELECT number FROM visit_rooms WHERE number = ANY ($1::bigint[])
ORDER BY number FOR NO KEY UPDATE;

-- name: change visit rooms
UPDATE visit_rooms r
SET visits = r.visits + w.visits, open = r.open + w.open, inferred = r.inferred + w.inferred,
  anomalies = r.anomalies + w.anomalies, users = r.users + w.users, watched = r.watched + w.watched,
  watching = r.watching + w.watching, since_seconds = r.since_seconds + w.since_seconds,
  since_micros = r.since_micros + w.since_micros, latest = GREATEST(r.latest, w.latest)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
  $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
  AS w (number, ending, visits, open, inferred, anomalies, users, watched, watching, since_seconds, since_micros, latest)
WHERE r.number = w.number AND r.ending = w.ending AND r.state < 3;

-- name: room to close
SELECT room, number, ending, closed_to,
  COALESCE((SELECT began FROM visits WHERE room = number AND began >= closed_to ORDER BY began OFFSET $1 LIMIT 1), 0)
FROM visit_rooms WHERE state = 1 ORDER BY ending, room LIMIT 1;

-- name: viewers to close
SELECT viewer FROM visits
WHERE room = $1 AND began >= $2 AND began <= $3 AND began > 0 AND (ended > $4 OR entered > $4)
ORDER BY began LIMIT $5;

-- name: visits are closed to
UPDATE visit_rooms SET closed_to = GREATEST(closed_to, $2) WHERE number = $1 AND state = 1;

-- name: close visit room
WITH closed AS (UPDATE visit_rooms SET state = 2 WHERE number = $1 AND state = 1 RETURNING number)
DELETE FROM visit_moments WHERE room IN (SELECT number FROM closed) AND kind = 2;

-- name: rooms left to close
SELECT EXISTS (SELECT FROM visit_rooms WHERE state = 1);

-- name: stale visit minutes
SELECT room, minute, enters, exits, changes FROM visit_minutes
WHERE counted < changes AND minute < (SELECT COALESCE($1::bigint, microseconds()) - 120000000)
ORDER BY minute, room LIMIT $2;

-- name: visit figures
SELECT COALESCE($2::bigint, microseconds()), COALESCE(v.number, 0), COALESCE(v.ending, 0), COALESCE(v.visits, 0),
  COALESCE(v.open, 0), COALESCE(v.inferred, 0), COALESCE(v.anomalies, 0), COALESCE(v.users, 0),
  COALESCE(v.watched, 0), COALESCE(v.watching, 0), COALESCE(v.since_seconds, 0), COALESCE(v.since_micros, 0),
  COALESCE(v.latest, 0)
FROM rooms r LEFT JOIN visit_rooms v ON v.room = r.id
WHERE r.id = $1;

-- name: visit minutes
SELECT minute, enters, exits, rise, rise_at, changes, counted < changes FROM visit_minutes
WHERE room = $1 ORDER BY minute;

-- name: visit moments
SELECT w.place, m.* FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS w (room, minute, place)
CROSS JOIN (VALUES (0::smallint), (1)) AS k (kind)
CROSS JOIN LATERAL (
  SELECT kind, at, changes FROM visit_moments WHERE room = w.room AND kind = k.kind AND minute = w.minute
  OFFSET 0
) m;

-- name: watchers
SELECT minute, at, changes FROM visit_moments WHERE room = $1 AND kind = 2;

-- What is left of moments is put into one row for each minute. What others fold they skip.

-- name: fold visit moments
WITH gone AS (
  DELETE FROM visit_moments WHERE ctid = ANY (ARRAY(
    SELECT m.ctid FROM unnest($1::bigint[], $2::bigint[]) AS w (room, minute) CROSS JOIN unnest($3::smallint[]) AS k (kind)
    JOIN visit_moments m ON m.room = w.room AND m.kind = k.kind AND m.minute = w.minute
    FOR UPDATE OF m SKIP LOCKED
  ))
  RETURNING room, kind, minute, at, changes
)
INSERT INTO visit_moments (room, kind, minute, at, changes)
SELECT room, kind, minute, array_agg(micros ORDER BY micros), array_agg(n ORDER BY micros)
FROM (
  SELECT room, kind, minute, m.micros, sum(m.n)::integer AS n
  FROM gone CROSS JOIN LATERAL unnest(at, changes) AS m (micros, n)
  GROUP BY 1, 2, 3, 4 HAVING sum(m.n) <> 0
) kept
GROUP BY 1, 2, 3;

-- name: count visit minutes
WITH held AS (
  SELECT m.room, m.minute, w.rise, w.rise_at, w.changes
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS w (room, minute, rise, rise_at, changes)
  JOIN visit_minutes m ON m.room = w.room AND m.minute = w.minute AND m.changes = w.changes
  ORDER BY m.room, m.minute FOR UPDATE OF m SKIP LOCKED
)
UPDATE visit_minutes m SET rise = h.rise, rise_at = h.rise_at, counted = h.changes
FROM held h WHERE m.room = h.room AND m.minute = h.minute AND m.changes = h.changes;

-- name: visit lengths
SELECT minutes, users FROM visit_lengths WHERE room = $1 AND users <> 0;

-- name: first and last visit
SELECT
  COALESCE((SELECT began FROM visits WHERE room = $1 AND began > 0 AND anomaly IN (0, 3) ORDER BY began LIMIT 1), 0),
  COALESCE((
    SELECT m.minute + n.micros FROM visit_moments m CROSS JOIN LATERAL unnest(m.at, m.changes) AS n (micros, change)
    WHERE m.room = $1 AND m.kind = 1 AND m.minute = (SELECT max(minute) FROM visit_minutes WHERE room = $1 AND exits > 0)
    GROUP BY 1 HAVING sum(n.change) > 0 ORDER BY 1 DESC LIMIT 1
  ), 0);

-- name: watch room
SELECT room, latest, viewer, session, version, entered, ended, inferred, anomaly FROM shown_visits
WHERE number = $1 AND began < $3 AND (ended > $2 OR began >= $2) ORDER BY viewer;

-- name: watch viewer
SELECT room, latest, viewer, session, version, entered, ended, inferred, anomaly FROM shown_visits
WHERE viewer = $1 AND began < $3 AND (ended > $2 OR began >= $2) ORDER BY number;

-- A viewer's visits are found by the viewer, not by when visits to a room began.

-- name: watch viewer in room
SELECT r.room, r.latest, v.viewer, v.session, v.version, v.entered, v.ended, v.inferred, v.anomaly
FROM (SELECT * FROM visits WHERE viewer = $1 AND room = $4 OFFSET 0) v JOIN visit_rooms r ON r.number = v.room
WHERE v.began > 0 AND v.began < $3 AND (v.ended > $2 OR v.began >= $2);

-- name: watch all
SELECT room, latest, viewer, session, version, entered, ended, inferred, anomaly FROM shown_visits
WHERE began < $2 AND (ended > $1 OR began >= $1) ORDER BY viewer, number;

-- name: visits of room
SELECT room, latest, viewer, session, version, entered, ended, inferred, anomaly FROM shown_visits
WHERE number = $1 AND began < $3 AND (ended > $2 OR began >= $2)
  AND began >= $4 AND (began, viewer, session, version) > ($4, $5::text, $6::text, $7)
ORDER BY began, viewer, session, version LIMIT $8;

-- name: anomalous visits of room
SELECT room, latest, viewer, session, version, entered, ended, inferred, anomaly FROM shown_visits
WHERE number = $1 AND anomaly > 0 AND (NOT $9 OR ended = 9223372036854775807)
  AND began < $3 AND (ended > $2 OR began >= $2)
  AND began >= $4 AND (began, viewer, session, version) > ($4, $5::text, $6::text, $7)
ORDER BY began, viewer, session, version LIMIT $8;

-- name: open visits of room
SELECT room, latest, viewer, session, version, entered, ended, inferred, anomaly FROM shown_visits
WHERE number = $1 AND ended = 9223372036854775807
  AND began < $3 AND (ended > $2 OR began >= $2)
  AND began >= $4 AND (began, viewer, session, version) > ($4, $5::text, $6::text, $7)
ORDER BY began, viewer, session, version LIMIT $8;

-- name: visits of viewer
SELECT r.room, r.latest, v.viewer, v.session, v.version, v.entered, v.ended, v.inferred, v.anomaly
FROM (SELECT * FROM visits WHERE viewer = $1 OFFSET 0) v JOIN visit_rooms r ON r.number = v.room
WHERE ($2::bigint = 0 OR r.number = $2) AND began > 0
  AND began < $4 AND (ended > $3 OR began >= $3)
  AND (began, session, version, r.room) > ($5::bigint, $6::text, $7::bigint, $8::text)
  AND (NOT $9 OR anomaly > 0) AND (NOT $10 OR ended = 9223372036854775807)
ORDER BY began, session, version, r.room LIMIT $11;

-- name: set visits aside
INSERT INTO visit_asides AS a (id, digest, room, viewer, session, version, at, inferred, reason, detail, noted)
SELECT w.id, w.digest, w.room, w.viewer, w.session, w.version, w.at, w.inferred, w.reason, w.detail, $1::bigint
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[],
  $10::smallint[], $11::text[]) AS w (id, digest, room, viewer, session, version, at, inferred, reason, detail)
ORDER BY w.digest
ON CONFLICT (digest) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail
RETURNING digest, id, noted;

-- name: visits set aside
SELECT id, room, viewer, session, version, at, inferred, reason, detail, noted FROM visit_asides
WHERE id > $1 ORDER BY id LIMIT $2;

-- name: visits of room set aside
SELECT id, room, viewer, session, version, at, inferred, reason, detail, noted FROM visit_asides
WHERE room = $3 AND id > $1 ORDER BY id LIMIT $2;

-- name: take visits set aside
SELECT id, room, viewer, session, version, at, inferred, reason, detail, noted FROM visit_asides
WHERE id = ANY ($1::text[]) ORDER BY id;

-- name: drop visits set aside
DELETE FROM visit_asides WHERE id = ANY ($1::text[]);

-- name: prune visits set aside
DELETE FROM visit_asides WHERE id = ANY (ARRAY(
  SELECT id FROM visit_asides
  WHERE noted < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
  ORDER BY noted LIMIT $3 FOR UPDATE SKIP LOCKED
));

-- name: visit rooms to prune
UPDATE visit_rooms SET state = 3
WHERE number = ANY (ARRAY(
  SELECT number FROM visit_rooms
  WHERE state IN (1, 2) AND ending < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
  LIMIT $3 FOR UPDATE SKIP LOCKED
));

-- name: visit rooms being pruned
SELECT number FROM visit_rooms WHERE state = 3 ORDER BY ending LIMIT 1;

-- name: prune visits
DELETE FROM visits WHERE ctid = ANY (ARRAY(SELECT ctid FROM visits WHERE room = $1 LIMIT $2));

-- name: prune visit minutes
DELETE FROM visit_minutes WHERE room = $1;

-- name: prune visit moments
DELETE FROM visit_moments WHERE room = $1;

-- name: prune visit lengths
DELETE FROM visit_lengths WHERE room = $1;

-- name: visit room is pruned
UPDATE visit_rooms SET state = 4, visits = 0, open = 0, inferred = 0, anomalies = 0, users = 0, watched = 0,
  watching = 0, since_seconds = 0, since_micros = 0
WHERE number = $1 AND state = 3;

-- name: forget visits
DELETE FROM visits WHERE ctid = ANY (ARRAY(
  SELECT v.ctid FROM visits v JOIN visit_rooms r ON r.number = v.room WHERE r.room = $1 LIMIT $2
));

-- name: forget visit room
WITH gone AS (DELETE FROM visit_rooms WHERE room = $1 RETURNING number),
  minutes AS (DELETE FROM visit_minutes WHERE room IN (SELECT number FROM gone)),
  moments AS (DELETE FROM visit_moments WHERE room IN (SELECT number FROM gone)),
  lengths AS (DELETE FROM visit_lengths WHERE room IN (SELECT number FROM gone))
DELETE FROM visits WHERE room IN (SELECT number FROM gone);
