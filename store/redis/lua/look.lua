-- Says when the room is to be looked at next (0: not at all), for the index of all
-- rooms to have it.

if redis.call('EXISTS', KEYS[1]) == 0 then return {UNKNOWN} end
local at = upcoming()
redis.call('HSET', KEYS[1], 'look', int(at))
return {OK, at}
