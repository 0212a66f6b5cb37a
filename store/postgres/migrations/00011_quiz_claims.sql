-- +goose Up

-- What requests of a quiz asked for, so that each is made once for as long as the quiz is kept.
CREATE TABLE quiz_claims (
  room text COLLATE "C" NOT NULL,
  quiz text COLLATE "C" NOT NULL,
  id   text COLLATE "C" NOT NULL,
  asks bytea NOT NULL,
  PRIMARY KEY (room, quiz, id)
);

-- +goose Down
DROP TABLE quiz_claims;
