-- Reads a shard of the index of all rooms, KEYS[1]: at most ARGV[3] of the rooms that
-- are to be looked at by now, each before the instant at which it was to be.

local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(instant()), 'WITHSCORES', 'LIMIT', 0, ARGV[3])
table.insert(due, 1, OK) -- there may be more than unpack returns
return due
