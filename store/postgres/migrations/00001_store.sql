-- +goose Up

-- Instants are Unix microseconds. Text is compared and ordered by its bytes. Where U+0000
-- and U+0001 may stand, they are written as U+0001 U+0001 and U+0001 U+0002.

-- +goose StatementBegin
CREATE FUNCTION microseconds() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
$$;
-- +goose StatementEnd

CREATE TABLE rooms (
  id       text COLLATE "C" PRIMARY KEY,
  title    text     NOT NULL,
  host     text     NOT NULL,
  state    smallint NOT NULL, -- 1: live, 2: ended
  settings jsonb    NOT NULL,
  labels   jsonb    NOT NULL,
  revision bigint   NOT NULL, -- counts changes, from 1
  created  bigint   NOT NULL,
  ended    bigint   NOT NULL  -- 0: it is live
);
CREATE INDEX rooms_by_state ON rooms (state, id);
CREATE INDEX rooms_by_end ON rooms (ended) WHERE ended > 0;

-- What was created by a request, so that it is created once.
CREATE TABLE room_requests (
  id      text COLLATE "C" PRIMARY KEY,
  digest  bytea  NOT NULL, -- of the room that was asked for
  created bigint NOT NULL,
  expires bigint NOT NULL
);
CREATE INDEX room_requests_by_end ON room_requests (expires);

-- What the hot backend is owed.
CREATE SEQUENCE debt_changes;
CREATE TABLE debts (
  matter smallint NOT NULL, -- 1: the room, 2: its sanctions, 3: its words
  place  text COLLATE "C" NOT NULL, -- a room; '': every room
  since  bigint NOT NULL DEFAULT nextval('debt_changes'), -- the latest change
  noted  bigint NOT NULL, -- when the first change was
  PRIMARY KEY (matter, place)
);
CREATE INDEX debts_by_age ON debts (noted, since);

-- +goose Down
DROP TABLE debts;
DROP SEQUENCE debt_changes;
DROP TABLE room_requests;
DROP TABLE rooms;
DROP FUNCTION microseconds();
