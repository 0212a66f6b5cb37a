-- +goose Up

-- One row: the latest sequence and instant of the books. Whoever posts locks it first
-- and holds it until all is committed, so that sequences are committed in their order.
CREATE TABLE ledger_head (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  latest bigint NOT NULL,
  posted bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO ledger_head (latest, posted) VALUES (0, 0);

CREATE TABLE ledger_accounts (
  kind    smallint NOT NULL, -- 1: user, 2: pending, 3: pot, 4: house, 5: external
  owner   text COLLATE "C" NOT NULL, -- '': none
  balance bigint   NOT NULL,
  PRIMARY KEY (kind, owner),
  CHECK (balance >= 0 OR kind IN (4, 5))
);

CREATE TABLE ledger_transactions (
  sequence  bigint   PRIMARY KEY,
  id        text COLLATE "C" NOT NULL UNIQUE,
  kind      smallint NOT NULL, -- 1: deposit, 2: gift, 3: settlement, 4: pot set aside, 5: prize, 6: pot returned
  at        bigint   NOT NULL, -- never less than of one before
  room      text     NOT NULL, -- '': none
  reference text     NOT NULL, -- what it was for
  request   text     NOT NULL, -- the id of the request; '': none
  gifts     bigint   NOT NULL
);

CREATE TABLE ledger_postings (
  kind     smallint NOT NULL,
  owner    text COLLATE "C" NOT NULL,
  sequence bigint   NOT NULL,
  place    integer  NOT NULL, -- in the transaction, from 1
  amount   bigint   NOT NULL,
  PRIMARY KEY (kind, owner, sequence, place)
);
CREATE INDEX ledger_postings_by_sequence ON ledger_postings (sequence, place);

-- +goose Down
DROP TABLE ledger_postings;
DROP TABLE ledger_transactions;
DROP TABLE ledger_accounts;
DROP TABLE ledger_head;
