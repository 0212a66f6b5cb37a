-- name: hold ledger
SELECT latest, GREATEST(posted, COALESCE($1::bigint, microseconds())) FROM ledger_head
FOR UPDATE;

-- name: move ledger
UPDATE ledger_head SET latest = $1, posted = $2;

-- name: transactions there are
SELECT id FROM ledger_transactions WHERE id = ANY ($1::text[]);

-- name: balances to change
SELECT a.kind, a.owner, a.balance
FROM ledger_accounts a
JOIN unnest($1::smallint[], $2::text[]) AS w (kind, owner) ON a.kind = w.kind AND a.owner = w.owner;

-- name: post transactions
INSERT INTO other_transactions (sequence, id, kind, at, room, reference, request, call, gifts)
SELECT $1::bigint + t.place, t.id, t.kind, $2::bigint, t.room, t.reference, t.request, t.call, t.gifts
FROM unnest($3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
  WITH ORDINALITY AS t (id, kind, room, reference, request, call, gifts, place);

-- name: post amounts
INSERT INTO other_postings (kind, owner, sequence, place, amount)
SELECT p.kind, p.owner, p.sequence, p.place, p.amount
FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::integer[], $5::bigint[])
  AS p (kind, owner, sequence, place, amount);

-- name: open accounts
INSERT INTO ledger_accounts (kind, owner, balance)
SELECT w.kind, w.owner, 0 FROM unnest($1::smallint[], $2::text[]) AS w (kind, owner)
ON CONFLICT (kind, owner) DO NOTHING;

-- name: change balances
UPDATE ledger_accounts a SET balance = a.balance + w.change
FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS w (kind, owner, change)
WHERE a.kind = w.kind AND a.owner = w.owner;

-- name: balances
SELECT h.latest, w.place, COALESCE(a.balance, 0)
FROM ledger_head h
LEFT JOIN unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS w (kind, owner, place) ON true
LEFT JOIN ledger_accounts a ON a.kind = w.kind AND a.owner = w.owner
ORDER BY w.place;

-- name: latest before
-- Halves the ledger until what is left begins at the instant: places only grow with time.
WITH RECURSIVE halves (low, high) AS (
  SELECT 0::bigint, latest FROM ledger_head
  UNION ALL
  SELECT CASE WHEN t.at < $1 THEN t.sequence ELSE h.low END, CASE WHEN t.at < $1 THEN h.high ELSE (h.low + h.high) / 2 END
  FROM halves h, LATERAL (
    SELECT sequence, at FROM ledger_transactions WHERE sequence > (h.low + h.high) / 2 ORDER BY sequence LIMIT 1
  ) t
  WHERE h.low < h.high
)
SELECT low FROM halves WHERE low = high;

-- name: transaction
SELECT sequence, id, kind, at, room, reference, request, call, gifts, 0 FROM ledger_transactions WHERE id = $1;

-- name: transactions
SELECT t.sequence, t.id, t.kind, t.at, t.room, t.reference, t.request, t.call, t.gifts, t.postings
FROM ledger_transactions t
WHERE t.sequence > $1 AND t.sequence < $2 AND (cardinality($3::smallint[]) = 0 OR t.kind = ANY ($3::smallint[]))
ORDER BY t.sequence DESC LIMIT $4;

-- name: transactions that are no gifts
SELECT t.sequence, t.id, t.kind, t.at, t.room, t.reference, t.request, t.call, t.gifts,
  (SELECT COALESCE(max(p.place), 0) FROM other_postings p WHERE p.sequence = t.sequence)
FROM unnest($3::smallint[]) AS w (kind), LATERAL (
  SELECT * FROM other_transactions
  WHERE kind = w.kind AND sequence > $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $4
) t
ORDER BY t.sequence DESC LIMIT $4;

-- name: transactions of accounts
SELECT t.sequence, t.id, t.kind, t.at, t.room, t.reference, t.request, t.call, t.gifts, t.postings
FROM (
  SELECT DISTINCT p.sequence
  FROM unnest($5::smallint[], $6::text[]) AS w (kind, owner), LATERAL (
    SELECT o.sequence FROM ledger_postings o
    WHERE o.kind = w.kind AND o.owner = w.owner AND o.sequence > $1 AND o.sequence < $2
      AND (cardinality($3::smallint[]) = 0 OR o.booked_as = ANY ($3::smallint[]))
    ORDER BY o.sequence DESC LIMIT $4
  ) p
  ORDER BY p.sequence DESC LIMIT $4
) p, LATERAL (SELECT * FROM ledger_transactions WHERE sequence = p.sequence LIMIT 1) t
ORDER BY t.sequence DESC;

-- name: postings
SELECT sequence, kind, owner, amount FROM ledger_postings
WHERE sequence = ANY ($1::bigint[]) ORDER BY sequence, place;

-- name: accounts
SELECT h.latest, a.kind, a.owner, a.balance
FROM ledger_head h
LEFT JOIN (
  SELECT kind, owner, balance FROM ledger_accounts
  WHERE (kind, owner) > ($1::smallint, $2::text) ORDER BY kind, owner LIMIT $3
) a ON true
ORDER BY a.kind, a.owner;

-- name: accounts of a kind
SELECT h.latest, a.kind, a.owner, a.balance
FROM ledger_head h
LEFT JOIN (
  SELECT kind, owner, balance FROM ledger_accounts
  WHERE kind = $4 AND (kind, owner) > ($1::smallint, $2::text) ORDER BY kind, owner LIMIT $3
) a ON true
ORDER BY a.kind, a.owner;
