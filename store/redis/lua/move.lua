-- Moves a room in a shard of the index of all rooms, KEYS[1]: ARGV[3] from the instant
-- ARGV[4] to ARGV[5], or out of it if that is 0; unless it was moved since.

if n(redis.call('ZSCORE', KEYS[1], ARGV[3])) == n(ARGV[4]) then
  if ARGV[5] == '0' then
    redis.call('ZREM', KEYS[1], ARGV[3])
  else
    redis.call('ZADD', KEYS[1], ARGV[5], ARGV[3])
  end
end
return {OK}
