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
INSERT INTO ledger_transactions (sequence, id, kind, at, room, reference, request, gifts)
SELECT $1::bigint + t.place, t.id, t.kind, $2::bigint, t.room, t.reference, t.request, t.gifts
FROM unnest($3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::bigint[])
  WITH ORDINALITY AS t (id, kind, room, reference, request, gifts, place);

-- name: post amounts
INSERT INTO ledger_postings (kind, owner, sequence, place, amount)
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

-- name: transactions
SELECT sequence, id, kind, at, room, reference, request, gifts FROM ledger_transactions
WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2;

-- name: transactions of an account
SELECT t.sequence, t.id, t.kind, t.at, t.room, t.reference, t.request, t.gifts
FROM (
  SELECT DISTINCT sequence FROM ledger_postings
  WHERE kind = $1 AND owner = $2 AND sequence < $3 ORDER BY sequence DESC LIMIT $4
) p JOIN ledger_transactions t ON t.sequence = p.sequence
ORDER BY t.sequence DESC;

-- name: postings
SELECT sequence, kind, owner, amount FROM ledger_postings
WHERE sequence = ANY ($1::bigint[]) ORDER BY sequence, place;
