-- name: hold room
SELECT state FROM rooms WHERE id = $1
FOR KEY SHARE;

-- name: archived
SELECT timestamps, sequences FROM archives WHERE room = $1 AND epoch = $2;

-- name: begin archive
INSERT INTO archives (room, epoch, timestamps, sequences) VALUES ($1, $2, $3, $4)
ON CONFLICT (room, epoch) DO NOTHING;

-- name: move archive
UPDATE archives SET timestamps = $3, sequences = $4
WHERE room = $1 AND epoch = $2 AND timestamps = $5::bigint[] AND sequences = $6::bigint[];

-- name: recall messages
UPDATE messages SET recalled = true, content = substring(content FOR kept)
WHERE room = $1 AND timestamp = ANY ($2::bigint[]) AND NOT recalled;

-- name: recall as other lives
UPDATE messages m SET recalled = true, content = substring(m.content FOR m.kept)
FROM messages r
WHERE EXISTS (SELECT FROM archives WHERE room = $1 AND epoch <> $2)
  AND r.room = $1 AND r.timestamp BETWEEN $3 AND $4 AND r.recalled
  AND m.room = $1 AND m.timestamp = r.timestamp AND m.epoch = $2 AND NOT m.recalled;

-- name: history
SELECT DISTINCT ON (timestamp) timestamp, sequence, bucket, recalls, recalled, content
FROM messages
WHERE room = $1 AND timestamp > $2 AND timestamp < $3
ORDER BY timestamp, recalled DESC, epoch LIMIT $4;
