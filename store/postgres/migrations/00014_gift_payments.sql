-- +goose Up

-- What pays for a gift is one row, with what was given: a transaction of two postings, from
-- whom and to whom. Millions of them a day are half the writing, and half the room.
--
-- The tables have other names than before: a node of an earlier build that still runs reads the
-- whole ledger by the views, and writes nothing.
ALTER TABLE gifts_sent RENAME TO gift_payments;
ALTER TABLE ledger_transactions RENAME TO other_transactions;
ALTER TABLE ledger_postings RENAME TO other_postings;

ALTER TABLE gift_payments
  ADD COLUMN at      bigint,
  ADD COLUMN id      text COLLATE "C",
  ADD COLUMN request text,
  ADD COLUMN call    text NOT NULL DEFAULT '', -- as in other_transactions
  ADD COLUMN coins   bigint; -- that were paid
UPDATE gift_payments s SET at = t.at, id = t.id, request = t.request, call = t.call,
  coins = (SELECT COALESCE(sum(amount), 0) FROM other_postings p WHERE p.sequence = s.sequence AND p.kind = 2)
FROM other_transactions t WHERE t.sequence = s.sequence AND t.kind = 2;
DELETE FROM other_postings WHERE sequence IN (SELECT sequence FROM gift_payments WHERE id IS NOT NULL);
DELETE FROM other_transactions WHERE sequence IN (SELECT sequence FROM gift_payments WHERE id IS NOT NULL);
-- What has no transaction was not paid: it cost nothing, and stays set aside.
UPDATE gift_payments SET at = 0, id = 'lost-' || sequence, request = '', coins = 0 WHERE id IS NULL;
ALTER TABLE gift_payments
  ALTER COLUMN at SET NOT NULL,
  ALTER COLUMN id SET NOT NULL,
  ALTER COLUMN request SET NOT NULL,
  ALTER COLUMN coins SET NOT NULL;
CREATE UNIQUE INDEX gift_payments_id_key ON gift_payments (id);
CREATE INDEX gift_payments_by_giver ON gift_payments (giver, sequence);
CREATE INDEX gift_payments_by_receiver ON gift_payments (receiver, sequence);
DROP INDEX ledger_transactions_by_kind;
CREATE INDEX other_transactions_by_kind ON other_transactions (kind, sequence);

-- Accounts change all the time, and mostly nothing but the page that their row is in.
ALTER TABLE ledger_accounts SET (fillfactor = 50);

-- Ends a transaction that has not found a row where it was read. It is made again.
-- +goose StatementBegin
CREATE FUNCTION begin_again() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RAISE serialization_failure USING MESSAGE = 'a row was changed since it was read';
END
$$;
-- +goose StatementEnd

-- The whole ledger: gifts, and all else.
CREATE VIEW ledger_transactions AS
SELECT sequence, id, kind, at, room, reference, request, gifts, call,
  (SELECT COALESCE(max(p.place), 0) FROM other_postings p WHERE p.sequence = t.sequence) AS postings
FROM other_transactions t
UNION ALL
SELECT sequence, id, 2::smallint, at, room COLLATE "default", gift COLLATE "default", request, count, call, 2
FROM gift_payments;

CREATE VIEW ledger_postings AS
SELECT kind, owner, sequence, place, amount,
  (SELECT t.kind FROM other_transactions t WHERE t.sequence = p.sequence) AS booked_as
FROM other_postings p
UNION ALL
SELECT 1::smallint, giver, sequence, 1, -coins, 2::smallint FROM gift_payments
UNION ALL
SELECT 2::smallint, receiver, sequence, 2, coins, 2::smallint FROM gift_payments;

-- +goose Down
DROP VIEW ledger_postings;
DROP VIEW ledger_transactions;
DROP FUNCTION begin_again();
INSERT INTO other_transactions (sequence, id, kind, at, room, reference, request, gifts, call)
SELECT sequence, id, 2, at, room, gift, request, count, call FROM gift_payments;
INSERT INTO other_postings (kind, owner, sequence, place, amount)
SELECT p.kind, p.owner, s.sequence, p.kind, p.amount
FROM gift_payments s, LATERAL (VALUES (1, s.giver, -s.coins), (2, s.receiver, s.coins)) AS p (kind, owner, amount);
ALTER TABLE ledger_accounts RESET (fillfactor);
DROP INDEX other_transactions_by_kind;
CREATE INDEX ledger_transactions_by_kind ON other_transactions (kind, sequence) WHERE kind <> 2;
DROP INDEX gift_payments_by_receiver;
DROP INDEX gift_payments_by_giver;
DROP INDEX gift_payments_id_key;
ALTER TABLE gift_payments DROP COLUMN at, DROP COLUMN id, DROP COLUMN request, DROP COLUMN call, DROP COLUMN coins;
ALTER TABLE other_postings RENAME TO ledger_postings;
ALTER TABLE other_transactions RENAME TO ledger_transactions;
ALTER TABLE gift_payments RENAME TO gifts_sent;
