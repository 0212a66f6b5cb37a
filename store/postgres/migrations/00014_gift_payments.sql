-- +goose Up

-- What pays for a gift is one row, with what was given: a transaction of two postings, from
-- whom and to whom. Millions of them a day are half the writing, and half the room.
ALTER TABLE gifts_sent
  ADD COLUMN at      bigint,
  ADD COLUMN id      text COLLATE "C",
  ADD COLUMN request text,
  ADD COLUMN call    text NOT NULL DEFAULT '', -- as in ledger_transactions
  ADD COLUMN coins   bigint; -- that were paid
UPDATE gifts_sent s SET at = t.at, id = t.id, request = t.request, call = t.call,
  coins = (SELECT COALESCE(sum(amount), 0) FROM ledger_postings p WHERE p.sequence = s.sequence AND p.kind = 2)
FROM ledger_transactions t WHERE t.sequence = s.sequence AND t.kind = 2;
DELETE FROM ledger_postings WHERE sequence IN (SELECT sequence FROM gifts_sent WHERE id IS NOT NULL);
DELETE FROM ledger_transactions WHERE sequence IN (SELECT sequence FROM gifts_sent WHERE id IS NOT NULL);
-- What has no transaction was not paid: it cost nothing, and stays set aside.
UPDATE gifts_sent SET at = 0, id = 'lost-' || sequence, request = '', coins = 0 WHERE id IS NULL;
ALTER TABLE gifts_sent
  ALTER COLUMN at SET NOT NULL,
  ALTER COLUMN id SET NOT NULL,
  ALTER COLUMN request SET NOT NULL,
  ALTER COLUMN coins SET NOT NULL;
CREATE UNIQUE INDEX gifts_sent_id_key ON gifts_sent (id);
CREATE INDEX gifts_sent_by_giver ON gifts_sent (giver, sequence);
CREATE INDEX gifts_sent_by_receiver ON gifts_sent (receiver, sequence);
DROP INDEX ledger_transactions_by_kind;
CREATE INDEX ledger_transactions_by_kind ON ledger_transactions (kind, sequence);

-- Accounts change all the time, and mostly nothing but the page that their row is in.
ALTER TABLE ledger_accounts SET (fillfactor = 50);

-- The whole ledger: gifts, and all else.
CREATE VIEW booked_transactions AS
SELECT sequence, id, kind, at, room, reference, request, call, gifts,
  (SELECT COALESCE(max(p.place), 0) FROM ledger_postings p WHERE p.sequence = t.sequence) AS postings
FROM ledger_transactions t
UNION ALL
SELECT sequence, id, 2::smallint, at, room COLLATE "default", gift COLLATE "default", request, call, count, 2
FROM gifts_sent;

CREATE VIEW booked_postings AS
SELECT kind, owner, sequence, place, amount,
  (SELECT t.kind FROM ledger_transactions t WHERE t.sequence = p.sequence) AS booked_as
FROM ledger_postings p
UNION ALL
SELECT 1::smallint, giver, sequence, 1, -coins, 2::smallint FROM gifts_sent
UNION ALL
SELECT 2::smallint, receiver, sequence, 2, coins, 2::smallint FROM gifts_sent;

-- +goose Down
DROP VIEW booked_postings;
DROP VIEW booked_transactions;
INSERT INTO ledger_transactions (sequence, id, kind, at, room, reference, request, gifts, call)
SELECT sequence, id, 2, at, room, gift, request, count, call FROM gifts_sent;
INSERT INTO ledger_postings (kind, owner, sequence, place, amount)
SELECT p.kind, p.owner, s.sequence, p.kind, p.amount
FROM gifts_sent s, LATERAL (VALUES (1, s.giver, -s.coins), (2, s.receiver, s.coins)) AS p (kind, owner, amount);
ALTER TABLE ledger_accounts RESET (fillfactor);
DROP INDEX ledger_transactions_by_kind;
CREATE INDEX ledger_transactions_by_kind ON ledger_transactions (kind, sequence) WHERE kind <> 2;
DROP INDEX gifts_sent_by_receiver;
DROP INDEX gifts_sent_by_giver;
DROP INDEX gifts_sent_id_key;
ALTER TABLE gifts_sent DROP COLUMN at, DROP COLUMN id, DROP COLUMN request, DROP COLUMN call, DROP COLUMN coins;
