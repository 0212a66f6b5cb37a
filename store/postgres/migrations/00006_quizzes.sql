-- +goose Up

CREATE TABLE quizzes (
  room     text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  state    smallint NOT NULL, -- 1: draft, 2: asked, 3: closed, 4: revealed, 5: finished, 6: cancelled
  revision bigint   NOT NULL, -- counts changes, from 1
  created  bigint   NOT NULL,
  ended    bigint   NOT NULL, -- 0: it has not
  content  bytea    NOT NULL, -- ovation.store.v1.Quiz
  PRIMARY KEY (room, id)
);
CREATE INDEX quizzes_by_age ON quizzes (room, created, id);
CREATE INDEX quizzes_by_end ON quizzes (room, ended, created, id) WHERE state IN (5, 6);
-- A room has one running quiz at most.
CREATE UNIQUE INDEX quizzes_running ON quizzes (room) WHERE state IN (2, 3, 4);

-- What was created by a request, so that it is created once.
CREATE TABLE quiz_requests (
  room    text COLLATE "C" NOT NULL,
  creator text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  digest  bytea  NOT NULL, -- of the quiz that was asked for
  created bigint NOT NULL,
  expires bigint NOT NULL,
  PRIMARY KEY (room, creator, id)
);
CREATE INDEX quiz_requests_by_end ON quiz_requests (expires);

-- What is to be done, until it is.
CREATE TABLE quiz_tasks (
  room     text COLLATE "C" NOT NULL,
  quiz     text COLLATE "C" NOT NULL,
  question integer  NOT NULL,
  stage    smallint NOT NULL, -- 1: close, 2: evaluate, 3: finish, 4: abandon
  shard    integer  NOT NULL, -- -1: the quiz as a whole, after all shards
  due      bigint   NOT NULL,
  node     text     NOT NULL, -- that has claimed it last; '': none has
  until    bigint   NOT NULL, -- the end of its lease
  PRIMARY KEY (room, quiz, question, stage, shard)
);
CREATE INDEX quiz_tasks_by_due ON quiz_tasks (due);

-- What the shards that are done with a stage counted.
CREATE TABLE quiz_tallies (
  room     text COLLATE "C" NOT NULL,
  quiz     text COLLATE "C" NOT NULL,
  question integer  NOT NULL,
  stage    smallint NOT NULL,
  shard    integer  NOT NULL,
  counts   bigint[] NOT NULL, -- a quiz.Tally, in its order; 1: final, evaluated
  PRIMARY KEY (room, quiz, question, stage, shard)
);

-- What became of the players of a shard.
CREATE TABLE quiz_parts (
  room      text COLLATE "C" NOT NULL,
  quiz      text COLLATE "C" NOT NULL,
  question  integer  NOT NULL,
  shard     integer  NOT NULL,
  stage     smallint NOT NULL, -- that the players and the counts are of
  counts    bigint[] NOT NULL, -- as in quiz_tallies
  evidence  bytea    NOT NULL, -- as store/record lays it out
  players   bytea    NOT NULL, -- as store/record lays them out
  PRIMARY KEY (room, quiz, question, shard)
);

-- +goose Down
DROP TABLE quiz_parts;
DROP TABLE quiz_tallies;
DROP TABLE quiz_tasks;
DROP TABLE quiz_requests;
DROP TABLE quizzes;
