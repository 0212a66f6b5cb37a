-- Ends sessions whose leases are over, and returns those again that were returned, or
-- left, a while ago and were not settled.
--
-- ARGV[3] is how many to return at most; ARGV[4] when to return them again, in
-- microseconds. Answers status; when to look at the room next (0: not at all); '1' if
-- attributes were lost; then what is kept of the sessions.

local state = open({'at', 'afloor', 'clock', 'alog', 'over'})
if not state then return {UNKNOWN} end

local now, most = instant(), n(ARGV[3])
local ended = redis.call('ZRANGEBYSCORE', key('ended'), '-inf', int(now), 'LIMIT', 0, most)

-- lapse ends a session, returns what is kept of it, and notes what is lost with it.
local bodies = {}
local function lapse(session, record)
  if state.ended == '1' then
    redis.call('HDEL', key('sessions'), session)
    redis.call('ZREM', key('leases'), session)
    return outlived(state, session, record, struct.unpack('>I8', record))
  end
  local user = owner(record)
  local gone = depart(session, user)
  bodies[#bodies + 1] = gone and lose(state, user, now) or nil
  return over(session, record, now, gone and GONE_TOO or 0)
end

for _, session in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '-inf', int(now), 'LIMIT', 0, most - #ended)) do
  local record = redis.call('HGET', key('sessions'), session)
  if record then
    ended[#ended + 1] = lapse(session, record)
  else
    redis.call('ZREM', key('leases'), session)
  end
end

owe(state, ended, now + n(ARGV[4]))
publish(state, bodies)
local next = upcoming()
redis.call('HSET', KEYS[1], 'seq', state.seq, 'look', int(next))
return {OK, next, #bodies > 0 and '1' or '', unpack(ended)}
