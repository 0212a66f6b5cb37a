-- name: lock catalogue
LOCK TABLE gifts IN SHARE ROW EXCLUSIVE MODE;

-- name: gift
SELECT id, name, price, points, room, combo, retired, position, labels, revision FROM gifts WHERE id = $1;

-- name: other gifts
SELECT count(*) FROM gifts WHERE id <> $1 AND NOT retired;

-- name: put gift
INSERT INTO gifts (id, name, price, points, room, combo, retired, position, labels, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE
SET name = EXCLUDED.name, price = EXCLUDED.price, points = EXCLUDED.points, room = EXCLUDED.room,
  combo = EXCLUDED.combo, retired = EXCLUDED.retired, position = EXCLUDED.position, labels = EXCLUDED.labels,
  revision = EXCLUDED.revision;

-- name: gifts
SELECT id, name, price, points, room, combo, retired, position, labels, revision FROM gifts
WHERE (NOT $1::boolean OR (position, id) > ($2::integer, $3::text))
  AND ($4::boolean OR room = '' OR room = $5::text)
  AND ($6::boolean OR NOT retired)
ORDER BY position, id LIMIT $7;

-- From here to "pay" is what a payment is made by: plans are kept, and whichever
-- tables were small when they were made, what is asked for comes first in them, and each of it
-- is found by its key.

-- name: rooms that take gifts
SELECT r.id, r.state
FROM unnest($1::text[]) AS w (id), LATERAL (SELECT id, state FROM rooms WHERE id = w.id FOR SHARE) r;

-- name: gifts that were sent
SELECT t.id, t.at, s.sequence, s.room, s.giver, s.name, s.receiver, s.gift, s.count, s.price, s.points,
  s.combo, s.combo_count, t.request, t.call
FROM unnest($1::text[]) AS w (id),
  LATERAL (SELECT id, at, sequence, request, call FROM ledger_transactions WHERE id = w.id LIMIT 1) t,
  LATERAL (SELECT * FROM gifts_sent WHERE sequence = t.sequence LIMIT 1) s;

-- name: balances of users
SELECT w.owner, a.balance
FROM unnest($1::text[]) AS w (owner),
  LATERAL (SELECT balance FROM ledger_accounts WHERE kind = 1 AND owner = w.owner LIMIT 1) a;

-- name: combos
SELECT w.room, w.giver, w.receiver, w.gift, c.id, c.count, c.last
FROM (
    SELECT unnest($1::text[]) AS room, unnest($2::text[]) AS giver, unnest($3::text[]) AS receiver, unnest($4::text[]) AS gift
  ) w,
  LATERAL (
    SELECT id, count, last FROM gift_combos
    WHERE room = w.room AND giver = w.giver AND receiver = w.receiver AND gift = w.gift LIMIT 1
  ) c;

-- name: pay
WITH sent AS (
  SELECT unnest($3::bigint[]) AS sequence, unnest($4::text[]) AS id, unnest($5::text[]) AS request,
    unnest($6::text[]) AS room, unnest($7::text[]) AS giver, unnest($8::text[]) AS name, unnest($9::text[]) AS receiver,
    unnest($10::text[]) AS gift, unnest($11::bigint[]) AS count, unnest($12::bigint[]) AS price,
    unnest($13::bigint[]) AS points, unnest($14::bigint[]) AS coins, unnest($15::text[]) AS combo,
    unnest($16::bigint[]) AS combo_count, unnest($17::text[]) AS call
),
head AS (
  UPDATE ledger_head SET latest = $1::bigint, posted = $2::bigint
),
transactions AS (
  INSERT INTO ledger_transactions (sequence, id, kind, at, room, reference, request, gifts, call)
  SELECT sequence, id, 2, $2::bigint, room, gift, request, count, call FROM sent
),
postings AS (
  INSERT INTO ledger_postings (kind, owner, sequence, place, amount)
  SELECT p.kind, p.owner, s.sequence, p.kind, p.amount
  FROM sent s, LATERAL (VALUES (1, s.giver, -s.coins), (2, s.receiver, s.coins)) AS p (kind, owner, amount)
),
kept AS (
  INSERT INTO gifts_sent (sequence, room, giver, name, receiver, gift, count, price, points, combo, combo_count)
  SELECT sequence, room, giver, name, receiver, gift, count, price, points, combo, combo_count FROM sent
),
spent AS (
  INSERT INTO ledger_accounts (kind, owner, balance)
  SELECT 1, unnest($18::text[]), unnest($19::bigint[])
  ON CONFLICT (kind, owner) DO UPDATE SET balance = EXCLUDED.balance
),
collected AS (
  INSERT INTO ledger_accounts AS a (kind, owner, balance)
  SELECT 2, unnest($20::text[]), unnest($21::bigint[])
  ON CONFLICT (kind, owner) DO UPDATE SET balance = a.balance + EXCLUDED.balance
)
INSERT INTO gift_combos AS c (room, giver, receiver, gift, id, count, last)
SELECT unnest($22::text[]), unnest($23::text[]), unnest($24::text[]), unnest($25::text[]), unnest($26::text[]),
  unnest($27::bigint[]), $2::bigint
ON CONFLICT (room, giver, receiver, gift) DO UPDATE
SET id = EXCLUDED.id, count = EXCLUDED.count, last = EXCLUDED.last;

-- name: gifts to settle
SELECT sequence, room, giver, name, receiver, gift, count, price, points FROM gifts_sent
WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3;

-- name: gifts that were set aside
SELECT sequence, s.room, s.giver, s.name, s.receiver, s.gift, s.count, s.price, s.points
FROM gifts_set_aside a JOIN gifts_sent s USING (sequence)
ORDER BY sequence LIMIT $1;

-- name: gifts that are not as they were paid
-- Of a stretch of the ledger: each is looked up for itself, whatever is known of how large the
-- tables are. What is damaged may be anything: sums are made of numbers that do not overflow.
SELECT * FROM (
  SELECT s.sequence, CASE
    WHEN t.room IS NULL THEN 'there is no transaction of it'
    WHEN t.room <> s.room THEN 'its transaction is of another room'
    WHEN t.reference <> s.gift THEN 'its transaction is for another gift'
    WHEN t.gifts <> s.count OR s.count < 1 THEN 'its transaction is for another number of gifts'
    WHEN p.receiver IS DISTINCT FROM s.receiver THEN 'its transaction is to another receiver'
    WHEN p.giver IS DISTINCT FROM s.giver THEN 'its transaction is of another giver'
    WHEN s.price < 1 OR s.count::numeric * s.price <> p.coins OR p.postings <> 2 OR p.moved <> 0 THEN 'it does not cost what was paid'
    WHEN s.points < 0 OR s.count::numeric * s.points > 9223372036854775807 THEN 'it brings no possible number of points'
    ELSE ''
  END AS why
  FROM gifts_sent s
  LEFT JOIN LATERAL (
    SELECT room, reference, gifts FROM ledger_transactions WHERE sequence = s.sequence AND kind = 2 LIMIT 1
  ) t ON true
  CROSS JOIN LATERAL (
    SELECT max(owner) FILTER (WHERE kind = 2) AS receiver, max(owner) FILTER (WHERE kind = 1) AS giver,
      sum(amount) FILTER (WHERE kind = 2) AS coins, sum(amount) AS moved, count(*) AS postings
    FROM ledger_postings WHERE sequence = s.sequence
  ) p
  WHERE s.sequence BETWEEN $1 AND $2
) checked
WHERE why <> '';

-- name: pending for users
SELECT owner, balance FROM ledger_accounts WHERE kind = 2 AND owner = ANY ($1::text[]);

-- name: set gifts aside
INSERT INTO gifts_set_aside (sequence, room, receiver, why, at)
SELECT w.*, $5::bigint FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS w (sequence, room, receiver, why)
ON CONFLICT (sequence) DO NOTHING;

-- name: set gifts aside no more
DELETE FROM gifts_set_aside WHERE sequence = ANY ($1::bigint[]);

-- name: gifts set aside
SELECT sequence, room, receiver, why, at FROM gifts_set_aside ORDER BY at DESC, sequence DESC LIMIT $1;

-- name: instant of a transaction
SELECT at FROM ledger_transactions WHERE sequence = $1;

-- name: hold gift cursor
SELECT c.settled, c.at, c.more, h.latest, GREATEST(h.posted, COALESCE($1::bigint, microseconds()))
FROM gift_cursor c, ledger_head h
FOR UPDATE OF c SKIP LOCKED;

-- name: move gift cursor
UPDATE gift_cursor SET settled = $1, at = $2, more = $3;

-- name: settlements of receivers
SELECT receiver, settlements FROM gift_receivers WHERE receiver = ANY ($1::text[]);

-- name: open tallies
INSERT INTO gift_tallies (room, receiver)
SELECT w.room, w.receiver FROM unnest($1::text[], $2::text[]) AS w (room, receiver)
ON CONFLICT (room, receiver) DO NOTHING;

-- name: tallies to settle
SELECT t.room, t.receiver, t.coins, t.gifts, t.points, t.givers, t.top, t.revision, t.settled
FROM unnest($1::text[], $2::text[]) AS w (room, receiver)
JOIN gift_tallies t ON t.room = w.room AND t.receiver = w.receiver
ORDER BY t.room, t.receiver
FOR UPDATE OF t;

-- name: givers to settle
SELECT g.room, g.receiver, g.giver, g.name, g.coins, g.gifts
FROM unnest($1::text[], $2::text[], $3::text[]) AS w (room, receiver, giver)
JOIN gift_givers g ON g.room = w.room AND g.receiver = w.receiver AND g.giver = w.giver;

-- name: goals to settle
SELECT room, id, title, measure, target, gift, receiver, closed, progress, reached, created FROM gift_goals
WHERE room = ANY ($1::text[]) AND NOT closed ORDER BY room, created, id;

-- name: settle receivers
INSERT INTO gift_receivers (receiver, settlements)
SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (receiver) DO UPDATE SET settlements = EXCLUDED.settlements;

-- name: settle tallies
UPDATE gift_tallies t
SET coins = w.coins, gifts = w.gifts, points = w.points, givers = w.givers, top = w.top, revision = w.revision,
  settled = w.settled
FROM unnest(
  $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[]
) AS w (room, receiver, coins, gifts, points, givers, top, revision, settled)
WHERE t.room = w.room AND t.receiver = w.receiver;

-- name: settle givers
INSERT INTO gift_givers (room, receiver, giver, name, coins, gifts)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
ON CONFLICT (room, receiver, giver) DO UPDATE
SET name = EXCLUDED.name, coins = EXCLUDED.coins, gifts = EXCLUDED.gifts;

-- name: settle goals
UPDATE gift_goals g SET progress = w.progress, reached = w.reached
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS w (room, id, progress, reached)
WHERE g.room = w.room AND g.id = w.id;

-- name: points
SELECT receiver, points FROM gift_tallies WHERE room = '' AND receiver = ANY ($1::text[]);

-- name: goals of room
SELECT room, id, title, measure, target, gift, receiver, closed, progress, reached, created FROM gift_goals
WHERE room = $1;

-- name: put goal
INSERT INTO gift_goals (room, id, title, measure, target, gift, receiver, closed, progress, reached, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (room, id) DO UPDATE
SET title = EXCLUDED.title, measure = EXCLUDED.measure, target = EXCLUDED.target, gift = EXCLUDED.gift,
  receiver = EXCLUDED.receiver, closed = EXCLUDED.closed, progress = EXCLUDED.progress, reached = EXCLUDED.reached,
  created = EXCLUDED.created;

-- name: hold tally
INSERT INTO gift_tallies AS t (room, receiver) VALUES ($1, '')
ON CONFLICT (room, receiver) DO UPDATE SET revision = t.revision
RETURNING COALESCE($2::bigint, microseconds());

-- name: raise tally
UPDATE gift_tallies SET revision = revision + 1 WHERE room = $1 AND receiver = '';

-- name: gift counters
SELECT t.room, t.coins, t.gifts, t.points, t.givers, t.top, t.revision, t.settled,
  g.id, g.title, g.measure, g.target, g.gift, g.receiver, g.closed, g.progress, g.reached, g.created
FROM unnest($1::text[], $2::bigint[]) AS w (room, revision)
JOIN gift_tallies t ON t.room = w.room AND t.receiver = '' AND t.revision > w.revision
LEFT JOIN gift_goals g ON g.room = t.room AND NOT g.closed
ORDER BY t.room, g.created, g.id;

-- name: gift tally
SELECT coins, gifts, points, givers, top, revision, settled FROM gift_tallies WHERE room = $1 AND receiver = $2;

-- name: gifts that wait
SELECT s.receiver, LEAST(sum(s.count::numeric * s.price), 9223372036854775807)::bigint,
  LEAST(sum(s.count), 9223372036854775807)::bigint, LEAST(sum(s.count::numeric * s.points), 9223372036854775807)::bigint
FROM (
  SELECT * FROM gifts_sent WHERE sequence > (SELECT settled FROM gift_cursor)
  UNION ALL
  SELECT * FROM gifts_sent WHERE sequence IN (SELECT sequence FROM gifts_set_aside)
) s
WHERE ($1::text = '' OR s.room = $1::text) AND ($2::text = '' OR s.receiver = $2::text)
GROUP BY s.receiver;

-- name: receivers of a room
SELECT receiver, coins, gifts, points, settled FROM gift_tallies
WHERE room = $1 AND room <> '' AND receiver <> '' AND settled > 0
ORDER BY coins DESC, receiver LIMIT $2;

-- name: receiver
SELECT receiver, coins, gifts, points, settled FROM gift_tallies WHERE room = $1 AND receiver = $2 AND settled > 0;
