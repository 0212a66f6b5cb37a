-- name: claim quiz request
INSERT INTO quiz_requests AS r (room, creator, id, digest, created, expires)
SELECT $1::text, $2::text, $3::text, $4::bytea, now, now + $5::bigint
FROM (SELECT COALESCE($6::bigint, microseconds()) AS now) clock
ON CONFLICT (room, creator, id) DO UPDATE
SET digest = EXCLUDED.digest, created = EXCLUDED.created, expires = EXCLUDED.expires
WHERE r.expires <= EXCLUDED.created
RETURNING created;

-- name: quiz request
SELECT digest, created FROM quiz_requests WHERE room = $1 AND creator = $2 AND id = $3;

-- name: instant
SELECT COALESCE($1::bigint, microseconds());

-- name: create quiz
INSERT INTO quizzes (room, id, state, revision, created, ended, content)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (room, id) DO NOTHING;

-- name: quiz
SELECT content FROM quizzes WHERE room = $1 AND id = $2;

-- name: present quiz
SELECT content FROM (
  (SELECT content, 1 AS place FROM quizzes WHERE room = $1 AND state IN (2, 3, 4))
  UNION ALL
  (SELECT content, 2 FROM quizzes WHERE room = $1 AND state IN (5, 6) ORDER BY ended DESC, created DESC, id DESC LIMIT 1)
) q ORDER BY place LIMIT 1;

-- name: quizzes
SELECT content FROM quizzes
WHERE room = $1 AND ($2::bigint = 0 AND $3::text = '' OR (created, id) < ($2::bigint, $3::text))
ORDER BY created DESC, id DESC LIMIT $4;

-- name: running quizzes
SELECT room, id, revision FROM quizzes WHERE room = ANY ($1::text[]) AND state IN (2, 3, 4);

-- name: running quiz
SELECT id FROM quizzes WHERE room = $1 AND state IN (2, 3, 4) AND id <> $2;

-- name: quiz to change
SELECT content, COALESCE($3::bigint, microseconds()) FROM quizzes WHERE room = $1 AND id = $2
FOR NO KEY UPDATE;

-- name: hold quiz
SELECT id FROM quizzes WHERE room = $1 AND id = $2
FOR KEY SHARE;

-- name: change quiz
UPDATE quizzes SET state = $3, revision = $4, ended = $5, content = $6
WHERE room = $1 AND id = $2;

-- name: claim for quiz
INSERT INTO quiz_claims (room, quiz, id, asks) VALUES ($1, $2, $3, $4)
ON CONFLICT (room, quiz, id) DO NOTHING;

-- name: quiz claim
SELECT asks FROM quiz_claims WHERE room = $1 AND quiz = $2 AND id = $3;

-- name: add quiz tasks
INSERT INTO quiz_tasks (room, quiz, question, stage, shard, due, node, until)
SELECT $1::text, $2::text, t.question, t.stage, t.shard, max(t.due), '', 0
FROM unnest($3::integer[], $4::smallint[], $5::integer[], $6::bigint[]) AS t (question, stage, shard, due)
GROUP BY t.question, t.stage, t.shard
ON CONFLICT (room, quiz, question, stage, shard) DO UPDATE SET due = EXCLUDED.due, node = '', until = 0;

-- name: forget what is to be done again
DELETE FROM quiz_tallies q
USING unnest($3::integer[], $4::smallint[], $5::integer[]) AS t (question, stage, shard)
WHERE q.room = $1 AND q.quiz = $2 AND q.question = t.question AND q.stage = t.stage AND q.shard = t.shard;

-- name: drop quiz tasks
DELETE FROM quiz_tasks WHERE room = $1 AND quiz = $2;

-- name: claim quiz tasks
WITH clock AS MATERIALIZED (
  SELECT COALESCE($1::bigint, microseconds()) AS now
), mine AS MATERIALIZED (
  SELECT t.ctid AS place FROM quiz_tasks t
  WHERE t.due <= COALESCE($2::bigint, (SELECT now FROM clock)) AND t.until <= (SELECT now FROM clock)
    AND (t.shard >= 0 OR NOT EXISTS (
      SELECT FROM quiz_tasks s
      WHERE s.room = t.room AND s.quiz = t.quiz AND s.question = t.question AND s.stage = t.stage AND s.shard >= 0
    ))
  ORDER BY t.due, t.room, t.quiz, t.question, t.stage, t.shard LIMIT $3
  FOR UPDATE SKIP LOCKED
)
UPDATE quiz_tasks t SET node = $4, until = clock.now + $5::bigint
FROM mine, clock WHERE t.ctid = mine.place
RETURNING t.room, t.quiz, t.question, t.stage, t.shard, t.due;

-- name: quiz task is done
DELETE FROM quiz_tasks WHERE room = $1 AND quiz = $2 AND question = $3 AND stage = $4 AND shard = $5;

-- name: drop quiz task
DELETE FROM quiz_tasks WHERE room = $1 AND quiz = $2 AND question = $3 AND stage = $4 AND shard = $5 AND due = $6;

-- name: add quiz tally
INSERT INTO quiz_tallies (room, quiz, question, stage, shard, counts)
VALUES ($1, $2, $3, $4, $5, $6::bigint[])
ON CONFLICT (room, quiz, question, stage, shard) DO NOTHING;

-- name: stage of quiz part
SELECT stage FROM quiz_parts WHERE room = $1 AND quiz = $2 AND question = $3 AND shard = $4
FOR UPDATE;

-- name: add quiz part
INSERT INTO quiz_parts (room, quiz, question, shard, stage, counts, evidence, players)
VALUES ($1, $2, $3, $4, $5, $6::bigint[], $7, $8);

-- name: change quiz part
UPDATE quiz_parts SET stage = $5, counts = $6::bigint[], players = $7
WHERE room = $1 AND quiz = $2 AND question = $3 AND shard = $4;

-- name: replace quiz part
UPDATE quiz_parts SET stage = $5, counts = $6::bigint[], evidence = $7, players = $8
WHERE room = $1 AND quiz = $2 AND question = $3 AND shard = $4;

-- name: quiz part
SELECT counts, evidence, players FROM quiz_parts
WHERE room = $1 AND quiz = $2 AND question = $3 AND shard = $4;

-- name: quiz tallies
SELECT counts FROM quiz_tallies WHERE room = $1 AND quiz = $2 AND question = $3 AND stage = $4;

-- name: quiz exists
SELECT id FROM quizzes WHERE room = $1 AND id = $2;
