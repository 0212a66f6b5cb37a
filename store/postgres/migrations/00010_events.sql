-- +goose Up

-- One row: up to which position events were pruned. From here on positions have no holes, so
-- that how many events there are between two is their difference.
CREATE TABLE event_floor (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL
);
INSERT INTO event_floor (position)
SELECT COALESCE((SELECT min(position) - 1 FROM events), latest) FROM event_head;

CREATE SEQUENCE event_revisions;
ALTER TABLE event_consumers
  ADD COLUMN dropped       bigint NOT NULL DEFAULT 0, -- pruned before it was done with them
  ADD COLUMN owner         text COLLATE "C" NOT NULL DEFAULT '', -- its stream, or the node that sends
  ADD COLUMN until         bigint NOT NULL DEFAULT 0, -- the end of the owner's lease
  ADD COLUMN kinds         smallint[] NOT NULL DEFAULT '{}', -- that it asks for
  ADD COLUMN rooms         text[] NOT NULL DEFAULT '{}', -- '{}': every room
  ADD COLUMN revision      bigint NOT NULL DEFAULT 0, -- of its webhook
  ADD COLUMN url           text, -- NULL: it has no webhook
  ADD COLUMN secret        text NOT NULL DEFAULT '',
  ADD COLUMN timeout       bigint NOT NULL DEFAULT 0, -- microseconds
  ADD COLUMN give_up_after bigint NOT NULL DEFAULT 0, -- microseconds
  ADD COLUMN paused        boolean NOT NULL DEFAULT false;

-- What webhooks have not taken yet, and what must not be sent before it.
CREATE TABLE event_held (
  consumer text COLLATE "C" NOT NULL,
  position bigint   NOT NULL,
  id       text     NOT NULL,
  room     text     NOT NULL,
  at       bigint   NOT NULL,
  recorded bigint   NOT NULL,
  kind     smallint NOT NULL,
  payload  bytea    NOT NULL,
  again    boolean  NOT NULL, -- it was a dead letter
  attempts integer  NOT NULL,
  first    bigint   NOT NULL, -- when it was sent first; 0: it was not
  due      bigint   NOT NULL,
  status   integer  NOT NULL,
  error    text     NOT NULL,
  PRIMARY KEY (consumer, position)
);

CREATE TABLE dead_letters (
  letter   bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer text COLLATE "C" NOT NULL,
  position bigint   NOT NULL,
  id       text     NOT NULL,
  room     text     NOT NULL,
  at       bigint   NOT NULL,
  recorded bigint   NOT NULL,
  kind     smallint NOT NULL,
  payload  bytea    NOT NULL,
  again    boolean  NOT NULL,
  attempts integer  NOT NULL,
  first    bigint   NOT NULL,
  due      bigint   NOT NULL,
  status   integer  NOT NULL,
  error    text     NOT NULL,
  given_up bigint   NOT NULL
);
CREATE INDEX dead_letters_by_consumer ON dead_letters (consumer, letter);

-- +goose Down
DROP TABLE dead_letters;
DROP TABLE event_held;
ALTER TABLE event_consumers
  DROP COLUMN dropped, DROP COLUMN owner, DROP COLUMN until, DROP COLUMN kinds, DROP COLUMN rooms, DROP COLUMN revision,
  DROP COLUMN url, DROP COLUMN secret, DROP COLUMN timeout, DROP COLUMN give_up_after, DROP COLUMN paused;
DROP SEQUENCE event_revisions;
DROP TABLE event_floor;
