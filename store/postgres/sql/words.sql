-- Each of the words that are named is looked up by itself: where the statistics know of no
-- such list yet, it would be read whole and compared with all that are named.

-- name: lock book
SELECT words, revision FROM word_books WHERE place = $1
FOR UPDATE;

-- name: add book
INSERT INTO word_books (place, words, revision) VALUES ($1, 0, 0)
ON CONFLICT (place) DO NOTHING;

-- A revision is one that there never was before, even where the sequence has been set back
-- with the database: since then more microseconds have passed than there were changes.

-- name: change book
UPDATE word_books
SET words = words + $2::bigint,
  revision = CASE WHEN words + $2::bigint = 0 THEN 0
    ELSE nextval('word_revisions') + COALESCE($3::bigint, microseconds()) END
WHERE place = $1;

-- name: word list
SELECT words, revision, changed, COALESCE($3::bigint, microseconds())
FROM (SELECT) one
LEFT JOIN word_lists ON place = $1 AND id = $2;

-- name: put word list
INSERT INTO word_lists (place, id, words, revision, changed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (place, id) DO UPDATE
SET words = EXCLUDED.words, revision = EXCLUDED.revision, changed = EXCLUDED.changed;

-- name: drop word list
DELETE FROM word_lists WHERE place = $1 AND id = $2;

-- name: words of a list
SELECT text, action, match FROM words
WHERE place = $1 AND list = $2
ORDER BY text;

-- name: named words of a list
SELECT w.text, w.action, w.match
FROM (SELECT DISTINCT unnest($3::text[]) AS text) named
CROSS JOIN LATERAL (
  SELECT text, action, match FROM words
  WHERE place = $1 AND list = $2 AND text = named.text OFFSET 0
) w
ORDER BY w.text;

-- name: drop words
DELETE FROM words WHERE ctid = ANY (ARRAY(
  SELECT w.ctid FROM unnest($3::text[]) AS named (text)
  CROSS JOIN LATERAL (SELECT ctid FROM words WHERE place = $1 AND list = $2 AND text = named.text OFFSET 0) w
));

-- name: put words
INSERT INTO words (place, list, text, action, match)
SELECT $1::text, $2::text, * FROM unnest($3::text[], $4::smallint[], $5::smallint[])
ON CONFLICT (place, list, text) DO UPDATE SET action = EXCLUDED.action, match = EXCLUDED.match;

-- name: word lists
SELECT id, words, revision, changed FROM word_lists
WHERE place = $1 AND id > $2
ORDER BY id LIMIT $3;

-- name: page of words
SELECT text, action, match FROM words
WHERE place = $1 AND list = $2 AND text > $3
ORDER BY text LIMIT $4;

-- name: all words
SELECT b.revision, w.list, w.text, w.action, w.match
FROM word_books b JOIN words w ON w.place = b.place
WHERE b.place = $1
ORDER BY w.list, w.text;

-- name: words revision
SELECT revision FROM word_books WHERE place = $1;
