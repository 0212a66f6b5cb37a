-- +goose Up

CREATE TABLE messages (
  room      text COLLATE "C" NOT NULL,
  timestamp bigint   NOT NULL,
  epoch     text COLLATE "C" NOT NULL, -- the life of the log that it was archived from
  sequence  bigint   NOT NULL, -- in its bucket
  bucket    smallint NOT NULL, -- 0: WHITELIST, 1: HIGH, 2: LOW
  recalls   bigint   NOT NULL, -- the message that it takes back; 0: none
  recalled  boolean  NOT NULL, -- its contents are gone
  kept      integer  NOT NULL, -- bytes of content that a recall leaves
  content   bytea    NOT NULL, -- ovation.store.v1.Content
  PRIMARY KEY (room, timestamp, epoch)
);
-- For retention: messages come in the order of time, more or less.
CREATE INDEX messages_by_age ON messages USING brin (timestamp) WITH (pages_per_range = 32, autosummarize = on);

-- How far each life of each log is archived, by bucket.
CREATE TABLE archives (
  room       text COLLATE "C" NOT NULL,
  epoch      text COLLATE "C" NOT NULL,
  timestamps bigint[] NOT NULL,
  sequences  bigint[] NOT NULL,
  PRIMARY KEY (room, epoch)
);

-- +goose Down
DROP TABLE archives;
DROP TABLE messages;
