-- +goose Up

-- Of the few transactions that are no gifts.
CREATE INDEX ledger_transactions_by_kind ON ledger_transactions (kind, sequence) WHERE kind <> 2;

-- The catalogue.
CREATE TABLE gifts (
  id       text COLLATE "C" PRIMARY KEY,
  name     text     NOT NULL,
  price    bigint   NOT NULL,
  points   bigint   NOT NULL,
  room     text COLLATE "C" NOT NULL, -- '': every room
  combo    bigint   NOT NULL, -- the window, in microseconds; 0: there are no combos of it
  retired  boolean  NOT NULL,
  position integer  NOT NULL,
  labels   text     NOT NULL, -- JSON
  revision bigint   NOT NULL  -- counts changes, from 1
);
CREATE INDEX gifts_by_position ON gifts (position, id);

-- What was given, beside the transaction that paid for it. Written once and never changed.
CREATE TABLE gifts_sent (
  sequence    bigint PRIMARY KEY, -- the transaction's
  room        text COLLATE "C" NOT NULL,
  giver       text COLLATE "C" NOT NULL,
  name        text   NOT NULL, -- the giver's
  receiver    text COLLATE "C" NOT NULL,
  gift        text COLLATE "C" NOT NULL,
  count       bigint NOT NULL,
  price       bigint NOT NULL, -- of one, as are the points
  points      bigint NOT NULL,
  combo       text   NOT NULL, -- its id; '': none
  combo_count bigint NOT NULL
);

-- Combos that may go on.
CREATE TABLE gift_combos (
  room     text COLLATE "C" NOT NULL,
  giver    text COLLATE "C" NOT NULL,
  receiver text COLLATE "C" NOT NULL,
  gift     text COLLATE "C" NOT NULL,
  id       text   NOT NULL,
  count    bigint NOT NULL,
  last     bigint NOT NULL,
  PRIMARY KEY (room, giver, receiver, gift)
) WITH (fillfactor = 50);

-- One row: up to which place in the ledger gifts are settled. Whoever settles locks it.
CREATE TABLE gift_cursor (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  settled bigint  NOT NULL,
  at      bigint  NOT NULL, -- when that was; 0: never
  more    boolean NOT NULL  -- that was not all there was
) WITH (fillfactor = 10);
INSERT INTO gift_cursor (settled, at, more) VALUES (0, 0, false);

CREATE TABLE gift_receivers (
  receiver    text COLLATE "C" PRIMARY KEY,
  settlements bigint NOT NULL -- that there were
);

-- What was settled in a room, to a receiver, or both.
CREATE TABLE gift_tallies (
  room     text COLLATE "C" NOT NULL, -- '': any
  receiver text COLLATE "C" NOT NULL, -- '': any
  coins    bigint NOT NULL DEFAULT 0,
  gifts    bigint NOT NULL DEFAULT 0,
  points   bigint NOT NULL DEFAULT 0,
  givers   bigint NOT NULL DEFAULT 0,
  top      text   NOT NULL DEFAULT '[]', -- JSON: those who gave most
  revision bigint NOT NULL DEFAULT 0, -- counts settlements, and changes of the room's goals
  settled  bigint NOT NULL DEFAULT 0, -- 0: never
  PRIMARY KEY (room, receiver)
) WITH (fillfactor = 70);
CREATE INDEX gift_tallies_by_coins ON gift_tallies (room, coins DESC, receiver) WHERE room <> '' AND receiver <> '';

-- What each gave of that.
CREATE TABLE gift_givers (
  room     text COLLATE "C" NOT NULL,
  receiver text COLLATE "C" NOT NULL,
  giver    text COLLATE "C" NOT NULL,
  name     text   NOT NULL, -- that they last gave under
  coins    bigint NOT NULL,
  gifts    bigint NOT NULL,
  PRIMARY KEY (room, receiver, giver)
) WITH (fillfactor = 80);

CREATE TABLE gift_goals (
  room     text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  title    text     NOT NULL,
  measure  smallint NOT NULL, -- 1: coins, 2: gifts
  target   bigint   NOT NULL,
  gift     text     NOT NULL, -- '': every gift
  receiver text COLLATE "C" NOT NULL, -- '': anyone
  closed   boolean  NOT NULL,
  progress bigint   NOT NULL,
  reached  bigint   NOT NULL, -- 0: not yet
  created  bigint   NOT NULL,
  PRIMARY KEY (room, id)
);

-- +goose Down
DROP TABLE gift_goals;
DROP TABLE gift_givers;
DROP TABLE gift_tallies;
DROP TABLE gift_receivers;
DROP TABLE gift_cursor;
DROP TABLE gift_combos;
DROP TABLE gifts_sent;
DROP TABLE gifts;
DROP INDEX ledger_transactions_by_kind;
