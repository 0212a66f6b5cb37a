-- +goose Up

-- By how much the numbers of visits that began, that ended, and of viewers who watch changed
-- at instants of a minute: a row for each step that changed any, until they are folded.
CREATE TABLE visit_moments (
  room    bigint    NOT NULL,
  kind    smallint  NOT NULL, -- 0: visits that began; 1: that ended; 2: viewers who watch since then
  minute  bigint    NOT NULL, -- its beginning
  at      integer[] NOT NULL, -- microseconds after that
  changes integer[] NOT NULL
);
INSERT INTO visit_moments (room, kind, minute, at, changes)
SELECT room, kind, minute, array_agg(micros ORDER BY micros), array_agg(n ORDER BY micros)
FROM (
  SELECT room, kind, at - at % 60000000 AS minute, (at % 60000000)::integer AS micros, count(*)::integer AS n
  FROM (
    SELECT room, 0 AS kind, began AS at FROM visits WHERE began > 0 AND anomaly IN (0, 3)
    UNION ALL
    SELECT room, 1, ended FROM visits WHERE began > 0 AND anomaly IN (0, 3) AND ended < 9223372036854775807
    UNION ALL
    SELECT room, 2, since FROM visits WHERE since > 0
  ) moments
  GROUP BY 1, 2, 3, 4
) counted
GROUP BY 1, 2, 3;
CREATE INDEX visit_moments_by_minute ON visit_moments (room, kind, minute);

-- An exit changes no index, and mostly nothing but the page that its row is in.
DROP INDEX visits_by_end;
DROP INDEX visits_watching;
DROP INDEX visits_by_beginning;
CREATE INDEX visits_by_beginning ON visits (room, began);
ALTER TABLE visits DROP COLUMN since;
ALTER TABLE visits SET (fillfactor = 70);

-- Up to when those visits began that are closed since the room has ended.
ALTER TABLE visit_rooms ADD COLUMN closed_to bigint NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE visit_rooms DROP COLUMN closed_to;
ALTER TABLE visits SET (fillfactor = 80);
ALTER TABLE visits ADD COLUMN since bigint NOT NULL DEFAULT 0;
UPDATE visits v SET since = v.began
WHERE v.ended = 9223372036854775807 AND v.began > 0 AND NOT EXISTS (
  SELECT FROM visits earlier
  WHERE earlier.viewer = v.viewer AND earlier.room = v.room AND earlier.ended = 9223372036854775807
    AND (earlier.began, earlier.session, earlier.version) < (v.began, v.session, v.version) AND earlier.began > 0
);
DROP INDEX visits_by_beginning;
CREATE INDEX visits_by_beginning ON visits (room, began) WHERE began > 0;
CREATE INDEX visits_watching ON visits (room, since) WHERE since > 0;
CREATE INDEX visits_by_end ON visits (room, ended) WHERE ended < 9223372036854775807;
DROP TABLE visit_moments;
