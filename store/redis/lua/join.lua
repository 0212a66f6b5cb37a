-- Adds a session, or joins it again.
--
-- ARGV[3] is the session, ARGV[4] the user, ARGV[5] the term of the lease in
-- microseconds, ARGV[6] the rest of the record. Answers status; when it joined, its
-- incarnation; how many users and sessions are there; what sooner returns.

local TAKEN = 3

local state = known({'joins', 'look'})
if not state then return {UNKNOWN} end
if state.ended == '1' then return {ENDED} end

local now, session, user = instant(), ARGV[3], ARGV[4]
local joined, incarnation = now, math.max(now, n(state.joins) + 1)
local old = redis.call('HGET', key('sessions'), session)
if old then
  if owner(old) ~= user then return {TAKEN} end
  joined = struct.unpack('>I8', old, 9)
else
  redis.call('HINCRBY', key('users'), user, 1)
  redis.call('ZADD', key('stays'), 0, under(user) .. session)
end
local over = now + n(ARGV[5])
redis.call('HSET', key('sessions'), session, struct.pack('>I8I8I8', now, joined, incarnation) .. ARGV[6])
redis.call('ZADD', key('leases'), int(over), session)
local look = sooner(state, over, now)
redis.call('HSET', KEYS[1], 'joins', int(incarnation), 'look', state.look)
return {OK, joined, incarnation, redis.call('HLEN', key('users')), redis.call('HLEN', key('sessions')), look}
