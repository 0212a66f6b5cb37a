-- name: create room
INSERT INTO rooms (id, title, host, state, settings, labels, revision, created, ended)
VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, 1, COALESCE($7::bigint, microseconds()), 0)
ON CONFLICT (id) DO NOTHING
RETURNING created;

-- name: claim room request
INSERT INTO room_requests AS r (id, digest, created, expires)
SELECT $1::text, $2::bytea, now, now + $3::bigint
FROM (SELECT COALESCE($4::bigint, microseconds()) AS now) clock
ON CONFLICT (id) DO UPDATE
SET digest = EXCLUDED.digest, created = EXCLUDED.created, expires = EXCLUDED.expires
WHERE r.expires <= EXCLUDED.created
RETURNING created;

-- name: room request
SELECT digest, created FROM room_requests WHERE id = $1;

-- name: room
SELECT id, title, host, state, settings, labels, revision, created, ended
FROM rooms WHERE id = $1;

-- name: room to change
SELECT id, title, host, state, settings, labels, revision, created, ended,
  COALESCE($2::bigint, microseconds())
FROM rooms WHERE id = $1
FOR UPDATE;

-- name: rooms
SELECT id, title, host, state, settings, labels, revision, created, ended
FROM rooms WHERE id > $1
ORDER BY id LIMIT $2;

-- name: rooms of a state
SELECT id, title, host, state, settings, labels, revision, created, ended
FROM rooms WHERE state = $3 AND id > $1
ORDER BY id LIMIT $2;

-- name: change room
UPDATE rooms
SET title = $2, state = $3, settings = $4::jsonb, labels = $5::jsonb, revision = $6, ended = $7
WHERE id = $1;

-- name: surpass room
UPDATE rooms SET revision = $2::bigint + 1
WHERE id = $1 AND revision <= $2::bigint;

-- name: room exists
SELECT EXISTS (SELECT FROM rooms WHERE id = $1);

-- name: state of room
SELECT state FROM rooms WHERE id = $1
FOR SHARE;
