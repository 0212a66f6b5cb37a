-- +goose Up

-- One row: the latest position and instant that events were recorded at. Whoever records
-- events changes it first and holds it until all is committed, so that positions are
-- committed in their order.
CREATE TABLE event_head (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  latest   bigint NOT NULL,
  recorded bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO event_head (latest, recorded) VALUES (0, 0);

CREATE TABLE events (
  position bigint   PRIMARY KEY,
  id       text COLLATE "C" NOT NULL UNIQUE,
  room     text COLLATE "C" NOT NULL, -- '': none
  at       bigint   NOT NULL, -- when it happened
  recorded bigint   NOT NULL, -- never less than at a position before
  kind     smallint NOT NULL, -- ovation.v1.EventKind
  payload  bytea    NOT NULL
);

CREATE TABLE event_consumers (
  consumer text COLLATE "C" PRIMARY KEY,
  position bigint NOT NULL -- up to here it is done
);

-- +goose Down
DROP TABLE event_consumers;
DROP TABLE events;
DROP TABLE event_head;
