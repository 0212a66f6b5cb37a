-- name: prune messages
DELETE FROM messages WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM messages
  WHERE timestamp < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
  LIMIT $3 FOR UPDATE SKIP LOCKED
));

-- name: prune room requests
DELETE FROM room_requests WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM room_requests
  WHERE expires <= (SELECT COALESCE($1::bigint, microseconds()))
  LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: prune sanction requests
DELETE FROM sanction_requests WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM sanction_requests
  WHERE expires <= (SELECT COALESCE($1::bigint, microseconds()))
  LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: prune quiz requests
DELETE FROM quiz_requests WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM quiz_requests
  WHERE expires <= (SELECT COALESCE($1::bigint, microseconds()))
  LIMIT $2 FOR UPDATE SKIP LOCKED
));

-- name: prune combos
-- The ledger stands still for it, when all that may go is found.
WITH old AS MATERIALIZED (
  SELECT ctid AS place FROM gift_combos
  WHERE last < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
  LIMIT $3
),
held AS MATERIALIZED (
  SELECT latest FROM ledger_head WHERE (SELECT count(*) FROM old) > 0 FOR UPDATE
)
DELETE FROM gift_combos
WHERE ctid = ANY (ARRAY(SELECT o.place FROM held h, LATERAL (SELECT place FROM old WHERE h.latest >= 0) o));

-- name: crowded places
SELECT place FROM sanctions GROUP BY place HAVING count(*) > $1 ORDER BY place;

-- name: prune sanctions
DELETE FROM sanctions WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM sanctions
  WHERE place = $1
    AND CASE WHEN lifted_at > 0 THEN lifted_at ELSE until END
      < (SELECT COALESCE($2::bigint, microseconds()) - $3::bigint)
    AND (at, id) < (
      SELECT at, id FROM sanctions
      WHERE place = $1 AND (lifted_at > 0 OR until <= (SELECT COALESCE($2::bigint, microseconds())))
      ORDER BY at DESC, id DESC OFFSET $4 LIMIT 1
    )
  LIMIT $5 FOR UPDATE SKIP LOCKED
));

-- name: rooms to forget
SELECT id FROM rooms
WHERE ended > 0 AND ended < (SELECT COALESCE($1::bigint, microseconds()) - $2::bigint)
  AND EXISTS (SELECT FROM gift_cursor) -- else nobody knows what is settled
  AND id <> ALL (ARRAY(SELECT room FROM gift_payments WHERE sequence > (SELECT settled FROM gift_cursor)))
  AND id <> ALL (ARRAY(SELECT room FROM gifts_set_aside))
ORDER BY ended LIMIT $3;

-- name: forget messages
DELETE FROM messages WHERE ctid = ANY (ARRAY(SELECT ctid FROM messages WHERE room = $1 LIMIT $2));

-- name: forget quiz parts
DELETE FROM quiz_parts WHERE ctid = ANY (ARRAY(SELECT ctid FROM quiz_parts WHERE room = $1 LIMIT $2));

-- name: forget quizzes
DELETE FROM quizzes WHERE room = $1;

-- name: forget quiz tasks
DELETE FROM quiz_tasks WHERE room = $1;

-- name: forget quiz tallies
DELETE FROM quiz_tallies WHERE room = $1;

-- name: forget quiz claims
DELETE FROM quiz_claims WHERE room = $1;

-- name: forget quiz requests
DELETE FROM quiz_requests WHERE room = $1;

-- name: forget givers
DELETE FROM gift_givers WHERE ctid = ANY (ARRAY(SELECT ctid FROM gift_givers WHERE room = $1 LIMIT $2));

-- name: forget gift tallies
DELETE FROM gift_tallies WHERE room = $1;

-- name: forget goals
DELETE FROM gift_goals WHERE room = $1;

-- name: forget archives
DELETE FROM archives WHERE room = $1;

-- name: forget words
DELETE FROM words WHERE place = $1;

-- name: forget word lists
DELETE FROM word_lists WHERE place = $1;

-- name: forget word book
DELETE FROM word_books WHERE place = $1;

-- name: forget sanction requests
DELETE FROM sanction_requests WHERE place = $1;

-- name: forget sanctions
DELETE FROM sanctions WHERE place = $1;

-- name: forget place
DELETE FROM sanction_places WHERE place = $1;

-- name: forget debts
DELETE FROM debts WHERE place = $1;

-- name: forget room
DELETE FROM rooms WHERE id = $1;
