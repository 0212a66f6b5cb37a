-- +goose Up

-- Whoever merges events of visits locks the parts of their users first, in order: so what
-- is known of a user in a room is decided by one at a time.
CREATE TABLE visit_parts (
  part integer PRIMARY KEY
) WITH (fillfactor = 10);
INSERT INTO visit_parts (part) SELECT generate_series(0, 63);

-- The rooms that have visits, and their figures.
CREATE TABLE visit_rooms (
  number        bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room          text COLLATE "C" NOT NULL UNIQUE,
  ending        bigint   NOT NULL, -- when the room ended; 0: it is live
  state         smallint NOT NULL, -- 0: live; 1: ended, some are open; 2: closed; 3: to be pruned; 4: pruned
  visits        bigint   NOT NULL DEFAULT 0,
  open          bigint   NOT NULL DEFAULT 0,
  inferred      bigint   NOT NULL DEFAULT 0,
  anomalies     bigint   NOT NULL DEFAULT 0,
  users         bigint   NOT NULL DEFAULT 0, -- whom visits count of
  watched       bigint   NOT NULL DEFAULT 0, -- by those with no open visit
  watching      bigint   NOT NULL DEFAULT 0, -- those with an open one
  since_seconds bigint   NOT NULL DEFAULT 0, -- visits.since, added up: the seconds,
  since_micros  bigint   NOT NULL DEFAULT 0, -- and what is left
  latest        bigint   NOT NULL DEFAULT 0  -- of all instants that were told
) WITH (fillfactor = 50);
CREATE INDEX visit_rooms_by_state ON visit_rooms (state, ending) WHERE state > 0;

-- What was told of each visit (0: nothing), and what that comes to.
CREATE TABLE visits (
  room         bigint   NOT NULL, -- visit_rooms.number
  viewer       text COLLATE "C" NOT NULL,
  session      text COLLATE "C" NOT NULL,
  version      bigint   NOT NULL, -- of the enter
  entered      bigint   NOT NULL,
  entered_last bigint   NOT NULL,
  exited_first bigint   NOT NULL,
  exited       bigint   NOT NULL,
  seen         bigint   NOT NULL,
  began        bigint   NOT NULL, -- by which it is listed; 0: it is not
  ended        bigint   NOT NULL, -- 9223372036854775807: it is open
  inferred     boolean  NOT NULL,
  anomaly      smallint NOT NULL, -- ovation.v1.VisitAnomaly
  since        bigint   NOT NULL, -- of the user's first open visit: since when they would have watched without a break
  PRIMARY KEY (viewer, room, session, version)
) WITH (fillfactor = 80);
CREATE INDEX visits_by_beginning ON visits (room, began) WHERE began > 0;
CREATE INDEX visits_by_end ON visits (room, ended) WHERE ended < 9223372036854775807;
CREATE INDEX visits_watching ON visits (room, since) WHERE since > 0;
CREATE INDEX visits_anomalous ON visits (room, began) WHERE anomaly > 0;

CREATE VIEW shown_visits AS
SELECT r.number, r.room, r.latest, v.viewer, v.session, v.version, v.entered, v.began, v.ended, v.inferred, v.anomaly
FROM visits v JOIN visit_rooms r ON r.number = v.room
WHERE v.began > 0;

-- The curve of a room. Rise is known of as many changes as were counted.
CREATE TABLE visit_minutes (
  room    bigint NOT NULL,
  minute  bigint NOT NULL, -- its beginning
  enters  bigint NOT NULL,
  exits   bigint NOT NULL,
  rise    bigint NOT NULL DEFAULT 0, -- the most at once in it, less those that were there as it began
  rise_at bigint NOT NULL DEFAULT 0, -- when that was reached first
  changes bigint NOT NULL DEFAULT 1,
  counted bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (room, minute)
) WITH (fillfactor = 70);
CREATE INDEX visit_minutes_stale ON visit_minutes (minute, room) WHERE counted < changes;

-- Users with no open visit, by whole minutes of watch time.
CREATE TABLE visit_lengths (
  room    bigint  NOT NULL,
  minutes integer NOT NULL, -- 1440: or more
  users   bigint  NOT NULL,
  PRIMARY KEY (room, minutes)
) WITH (fillfactor = 70);

-- Events that were not merged.
CREATE TABLE visit_asides (
  id       text COLLATE "C" PRIMARY KEY, -- in order of when they were set aside
  digest   text COLLATE "C" NOT NULL UNIQUE, -- of all that the event says
  room     text COLLATE "C" NOT NULL,
  viewer   text     NOT NULL,
  session  text     NOT NULL,
  version  bigint   NOT NULL,
  at       bigint   NOT NULL,
  inferred boolean  NOT NULL,
  reason   smallint NOT NULL, -- ovation.v1.SetAsideReason
  detail   text     NOT NULL,
  noted    bigint   NOT NULL
);
CREATE INDEX visit_asides_by_room ON visit_asides (room, id);
CREATE INDEX visit_asides_by_age ON visit_asides (noted);

-- +goose Down
DROP TABLE visit_asides;
DROP TABLE visit_lengths;
DROP TABLE visit_minutes;
DROP VIEW shown_visits;
DROP TABLE visits;
DROP TABLE visit_rooms;
DROP TABLE visit_parts;
