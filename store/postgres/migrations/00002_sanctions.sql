-- +goose Up

-- Where sanctions act: a room, or every room (''). Whoever changes what acts there locks
-- the row.
CREATE SEQUENCE sanction_revisions;
CREATE TABLE sanction_places (
  place    text COLLATE "C" PRIMARY KEY,
  revision bigint NOT NULL, -- of the latest change; 0: nothing ever acted
  latest   bigint NOT NULL  -- when the latest sanction was applied
);
INSERT INTO sanction_places (place, revision, latest) VALUES ('', 0, 0);

CREATE TABLE sanctions (
  id        text COLLATE "C" PRIMARY KEY,
  kind      smallint NOT NULL, -- 1: ban, 2: mute, 3: room mute, 4: protection, 5: appointment
  place     text COLLATE "C" NOT NULL,
  user_id   text COLLATE "C" NOT NULL, -- '' for a room mute
  reason    text   NOT NULL,
  by_id     text   NOT NULL,
  at        bigint NOT NULL,
  until     bigint NOT NULL, -- 9223372036854775807: for good
  lifted_by text   NOT NULL,
  lifted_at bigint NOT NULL  -- 0: nobody did
);
CREATE INDEX sanctions_by_place ON sanctions (place, at, id);
CREATE INDEX sanctions_by_user ON sanctions (user_id, place) WHERE lifted_at = 0;
CREATE INDEX sanctions_by_age ON sanctions (at, id);
CREATE INDEX sanctions_acting ON sanctions (place, until) WHERE lifted_at = 0;

-- What was applied by a request, so that it is applied once.
CREATE TABLE sanction_requests (
  place    text COLLATE "C" NOT NULL,
  kind     smallint NOT NULL,
  by_id    text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  sanction text COLLATE "C" NOT NULL,
  term     bigint NOT NULL, -- nanoseconds that were asked for; 0: for good
  expires  bigint NOT NULL,
  PRIMARY KEY (place, kind, by_id, id)
);
CREATE INDEX sanction_requests_by_end ON sanction_requests (expires);

-- +goose Down
DROP TABLE sanction_requests;
DROP TABLE sanctions;
DROP TABLE sanction_places;
DROP SEQUENCE sanction_revisions;
