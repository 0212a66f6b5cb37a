-- Begins the book of a shard, where there is none.
--
-- ARGV[5] is '1' for a quiz that was just created. Answers status.

alive(redis.call('HGET', BOOK, LIFE), ARGV[5] == '1')
return {OK}
