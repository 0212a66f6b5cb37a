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

-- From here to "gifts to settle" is what a payment is made by: plans are kept, and whichever
-- tables were small when they were made, what is asked for comes first in them, and each of it
-- is found by its key.

-- name: rooms that take gifts
SELECT r.id, r.state
FROM unnest($1::text[]) AS w (id), LATERAL (SELECT id, state FROM rooms WHERE id = w.id FOR SHARE) r;

-- name: gifts that were sent
SELECT s.id, s.at, s.sequence, s.room, s.giver, s.name, s.receiver, s.gift, s.count, s.price, s.points,
  s.combo, s.combo_count, s.request, s.call
FROM unnest($1::text[]) AS w (id), LATERAL (SELECT * FROM gift_payments WHERE id = w.id LIMIT 1) s;

-- name: balances of users
SELECT w.owner, a.ctid, a.balance
FROM unnest($1::text[]) AS w (owner),
  LATERAL (SELECT ctid, balance FROM ledger_accounts WHERE kind = 1 AND owner = w.owner LIMIT 1) a;

-- name: pending of receivers
SELECT w.owner, a.balance
FROM unnest($1::text[]) AS w (owner),
  LATERAL (SELECT balance FROM ledger_accounts WHERE kind = 2 AND owner = w.owner LIMIT 1) a;

-- name: combos
SELECT w.room, w.giver, w.receiver, w.gift, c.ctid, c.id, c.count, c.last
FROM (
    SELECT unnest($1::text[]) AS room, unnest($2::text[]) AS giver, unnest($3::text[]) AS receiver, unnest($4::text[]) AS gift
  ) w,
  LATERAL (
    SELECT ctid, id, count, last FROM gift_combos
    WHERE room = w.room AND giver = w.giver AND receiver = w.receiver AND gift = w.gift LIMIT 1
  ) c;

-- Rows are changed where they were read, in the same transaction: while the ledger stands still
-- nobody else changes accounts or combos. Who does so by hand has all of it begin again.

-- name: pay
WITH head AS (
  UPDATE ledger_head SET latest = $1::bigint, posted = $2::bigint
),
sent AS (
  INSERT INTO gift_payments (at, sequence, id, request, room, giver, name, receiver, gift, count, price, points, coins,
    call, combo, combo_count)
  SELECT $2::bigint, unnest($3::bigint[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
    unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::bigint[]), unnest($12::bigint[]),
    unnest($13::bigint[]), unnest($14::bigint[]), unnest($15::text[]), unnest($16::text[]), unnest($17::bigint[])
),
spent AS (
  UPDATE ledger_accounts a SET balance = w.balance
  FROM (SELECT unnest($18::tid[]) AS place, unnest($19::bigint[]) AS balance) w
  WHERE a.ctid = w.place
  RETURNING 1
),
collected AS (
  INSERT INTO ledger_accounts AS a (kind, owner, balance)
  SELECT 2, unnest($20::text[]), unnest($21::bigint[])
  ON CONFLICT (kind, owner) DO UPDATE SET balance = a.balance + EXCLUDED.balance
),
begun AS (
  INSERT INTO gift_combos (room, giver, receiver, gift, id, count, last)
  SELECT unnest($22::text[]), unnest($23::text[]), unnest($24::text[]), unnest($25::text[]), unnest($26::text[]),
    unnest($27::bigint[]), $2::bigint
),
gone_on AS (
  UPDATE gift_combos c SET id = w.id, count = w.count, last = $2::bigint
  FROM (SELECT unnest($28::tid[]) AS place, unnest($29::text[]) AS id, unnest($30::bigint[]) AS count) w
  WHERE c.ctid = w.place
  RETURNING 1
)
SELECT CASE WHEN (SELECT count(*) FROM spent) + (SELECT count(*) FROM gone_on) = $31::bigint THEN 0 ELSE begin_again() END;

-- name: hold ledger and rooms
-- The ledger comes first: of those who hold a room's row together each writes that down.
WITH head AS MATERIALIZED (SELECT latest FROM ledger_head FOR UPDATE)
SELECT count(r.id)
FROM head, LATERAL (SELECT id FROM rooms WHERE id = ANY ($1::text[]) AND head.latest >= 0 FOR SHARE) r;

-- name: pay what is plain
-- Of sends, those by givers who have enough for all that they send here, of which nothing was sent
-- before and nothing is to a room that takes no gifts. These are the plain ones, and the others
-- are left. Where what was sent before is not looked for, none of it is paid if there is any.
WITH head AS MATERIALIZED (
  SELECT latest, GREATEST(posted, COALESCE($1::bigint, microseconds())) AS at FROM ledger_head
),
rooms_open AS MATERIALIZED (
  SELECT array_agg((SELECT true FROM rooms WHERE id = o.id AND state <> $5::smallint LIMIT 1) IS NOT NULL ORDER BY o.number) AS open
  FROM unnest($4::text[]) WITH ORDINALITY AS o (id, number)
),
purses AS MATERIALIZED (
  SELECT w.number, w.coins, a.ctid AS place, COALESCE(a.balance, 0) AS balance,
    COALESCE(a.balance >= w.coins, false) AND w.number <> ALL (ARRAY(
      SELECT t.purse
      FROM (SELECT unnest($6::text[]) AS id, unnest($18::integer[]) AS purse, unnest($19::integer[]) AS room) t
        LEFT JOIN LATERAL (SELECT true AS sent FROM gift_payments WHERE $24::boolean AND id = t.id LIMIT 1) before ON true
      WHERE before.sent OR NOT ((SELECT open FROM rooms_open))[t.room]
    )) AS plain
  FROM (
      SELECT unnest($2::text[]) AS owner, unnest($3::bigint[]) AS coins, generate_series(1, cardinality($2::text[])) AS number
    ) w
    LEFT JOIN LATERAL (SELECT ctid, balance FROM ledger_accounts WHERE kind = 1 AND owner = w.owner LIMIT 1) a ON true
),
flags AS MATERIALIZED (
  SELECT array_agg(plain ORDER BY number) AS plain, array_agg(balance ORDER BY number) AS balances FROM purses
),
sends AS MATERIALIZED (
  SELECT s.*, (SELECT latest FROM head) + row_number() OVER (ORDER BY s.number) AS sequence, (SELECT at FROM head) AS at,
    c.ctid AS place, c.id AS was, c.count AS counted, c.last AS lasted,
    COALESCE((SELECT at FROM head) - c.last <= s.combo_window, false) AS goes_on
  FROM (
      SELECT generate_series(1, cardinality($6::text[])) AS number, unnest($6::text[]) AS id, unnest($7::text[]) AS request,
        unnest($8::text[]) AS room, unnest($18::integer[]) AS purse, unnest($9::text[]) AS giver, unnest($10::text[]) AS name,
        unnest($11::text[]) AS receiver, unnest($12::text[]) AS gift, unnest($13::bigint[]) AS count,
        unnest($14::bigint[]) AS price, unnest($15::bigint[]) AS points, unnest($16::bigint[]) AS coins,
        unnest($17::text[]) AS call, unnest($20::bigint[]) AS combo_window, unnest($21::text[]) AS combo,
        unnest($22::bigint[]) AS combo_count, unnest($23::boolean[]) AS combo_last
    ) s
    LEFT JOIN LATERAL (
      SELECT ctid, id, count, last FROM gift_combos
      WHERE s.combo <> '' AND room = s.room AND giver = s.giver AND receiver = s.receiver AND gift = s.gift LIMIT 1
    ) c ON true
  WHERE ((SELECT plain FROM flags))[s.purse]
),
moved AS (
  UPDATE ledger_head SET latest = latest + (SELECT count(*) FROM sends), posted = (SELECT at FROM head)
  WHERE EXISTS (SELECT FROM sends)
),
sent AS (
  INSERT INTO gift_payments (at, sequence, id, request, room, giver, name, receiver, gift, count, price, points, coins,
    combo, combo_count, call)
  SELECT at, sequence, id, request, room, giver, name, receiver, gift, count, price, points, coins,
    CASE WHEN goes_on THEN was ELSE combo END, CASE WHEN goes_on THEN counted ELSE 0 END + combo_count, call
  FROM sends
),
spent AS (
  UPDATE ledger_accounts a SET balance = p.balance - p.coins FROM purses p WHERE a.ctid = p.place AND p.plain
  RETURNING 1
),
collected AS (
  INSERT INTO ledger_accounts AS a (kind, owner, balance)
  SELECT 2, receiver, sum(coins)::bigint FROM sends GROUP BY receiver
  ON CONFLICT (kind, owner) DO UPDATE SET balance = a.balance + EXCLUDED.balance
),
begun AS (
  INSERT INTO gift_combos (room, giver, receiver, gift, id, count, last)
  SELECT room, giver, receiver, gift, combo, combo_count, at FROM sends WHERE combo_last AND place IS NULL
),
gone_on AS (
  UPDATE gift_combos c SET id = CASE WHEN s.goes_on THEN s.was ELSE s.combo END,
    count = CASE WHEN s.goes_on THEN s.counted ELSE 0 END + s.combo_count, last = s.at
  FROM sends s WHERE c.ctid = s.place AND s.combo_last
  RETURNING 1
)
SELECT
  CASE WHEN (SELECT count(*) FROM spent) = (SELECT count(*) FROM purses WHERE plain)
    AND (SELECT count(*) FROM gone_on) = (SELECT count(*) FROM sends WHERE combo_last AND place IS NOT NULL)
  THEN (SELECT latest FROM head) ELSE begin_again() END,
  (SELECT at FROM head), f.plain, f.balances, s.numbers, s.was, s.counted, s.lasted
FROM flags f, (
  SELECT array_agg(number) AS numbers, array_agg(COALESCE(was, '')) AS was, array_agg(COALESCE(counted, 0)) AS counted,
    array_agg(COALESCE(lasted, 0)) AS lasted
  FROM sends
) s;

-- name: gifts to settle
SELECT sequence, room, giver, name, receiver, gift, count, price, points FROM gift_payments
WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3;

-- name: gifts that were set aside
SELECT sequence, s.room, s.giver, s.name, s.receiver, s.gift, s.count, s.price, s.points
FROM gifts_set_aside a JOIN gift_payments s USING (sequence)
ORDER BY sequence LIMIT $1;

-- name: gifts that are not as they were paid
-- Of a stretch of the ledger. What is damaged may be anything: products are made of numbers
-- that do not overflow.
SELECT * FROM (
  SELECT sequence, CASE
    WHEN count < 1 THEN 'it is no possible number of gifts'
    WHEN price < 1 OR count::numeric * price <> coins THEN 'it does not cost what was paid'
    WHEN coins > 9000000000000000 THEN 'it costs more than can be paid at once'
    WHEN points < 0 OR count::numeric * points > 9223372036854775807 THEN 'it brings no possible number of points'
    ELSE ''
  END AS why
  FROM gift_payments WHERE sequence BETWEEN $1 AND $2
) checked
WHERE why <> '';

-- name: what receivers have
SELECT kind, owner, balance FROM ledger_accounts WHERE kind IN (1, 2) AND owner = ANY ($1::text[]);

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

-- name: gift cursor and ledger head are there
SELECT EXISTS (SELECT FROM gift_cursor), EXISTS (SELECT FROM ledger_head);

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

-- name: top givers
SELECT giver, name, coins, gifts FROM gift_givers WHERE room = $1 AND receiver = $2
ORDER BY coins DESC, giver LIMIT $3;

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
  SELECT * FROM gift_payments WHERE sequence > (SELECT settled FROM gift_cursor)
  UNION ALL
  SELECT * FROM gift_payments WHERE sequence IN (SELECT sequence FROM gifts_set_aside)
) s
WHERE ($1::text = '' OR s.room = $1::text) AND ($2::text = '' OR s.receiver = $2::text)
GROUP BY s.receiver;

-- name: receivers of a room
SELECT receiver, coins, gifts, points, settled FROM gift_tallies
WHERE room = $1 AND room <> '' AND receiver <> '' AND settled > 0
ORDER BY coins DESC, receiver LIMIT $2;

-- name: receiver
SELECT receiver, coins, gifts, points, settled FROM gift_tallies WHERE room = $1 AND receiver = $2 AND settled > 0;
