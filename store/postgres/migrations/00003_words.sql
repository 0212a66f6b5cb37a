-- +goose Up

-- All lists of a room, or of every room (''). Whoever changes one locks the row.
CREATE SEQUENCE word_revisions;
CREATE TABLE word_books (
  place    text COLLATE "C" PRIMARY KEY,
  words    bigint NOT NULL,
  revision bigint NOT NULL -- never one that there was before; 0: there are no words
);

CREATE TABLE word_lists (
  place    text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  words    bigint NOT NULL,
  revision bigint NOT NULL, -- counts changes, from 1
  changed  bigint NOT NULL,
  PRIMARY KEY (place, id)
);

CREATE TABLE words (
  place  text COLLATE "C" NOT NULL,
  list   text COLLATE "C" NOT NULL,
  text   text COLLATE "C" NOT NULL,
  action smallint NOT NULL, -- 1: mask, 2: refuse; 0: what is usual
  match  smallint NOT NULL, -- 1: whole, 2: anywhere; 0: what is usual
  PRIMARY KEY (place, list, text)
);

-- +goose Down
DROP TABLE words;
DROP TABLE word_lists;
DROP TABLE word_books;
DROP SEQUENCE word_revisions;
