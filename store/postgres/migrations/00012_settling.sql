-- +goose Up

-- Which of several calls for the same wrote a transaction.
ALTER TABLE ledger_transactions ADD COLUMN call text NOT NULL DEFAULT ''; -- '': it does not matter

-- Gifts that settling has passed over, because what is kept of them is not as they were paid.
-- Each is settled once it is, and is here no more.
CREATE TABLE gifts_set_aside (
  sequence bigint PRIMARY KEY, -- the transaction's
  room     text COLLATE "C" NOT NULL,
  receiver text COLLATE "C" NOT NULL,
  why      text   NOT NULL,
  at       bigint NOT NULL
);

-- +goose Down
DROP TABLE gifts_set_aside;
ALTER TABLE ledger_transactions DROP COLUMN call;
