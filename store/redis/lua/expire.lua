-- Ends sessions whose leases are over, and returns those again that were returned, or
-- left, a while ago and were not settled.
--
-- ARGV[3] is how many to return at most; ARGV[4] when to return them again, in
-- microseconds. Answers status; when to look at the room next (0: not at all); '1' if
-- attributes were lost; then the sessions, each before what is kept of it.

local state = open({'at', 'afloor', 'clock', 'alog'})
if not state then return {UNKNOWN} end

local now, left, answer = instant(), n(ARGV[3]), {OK, 0, ''}
local again = int(now + n(ARGV[4]))

for _, stay in ipairs(redis.call('ZRANGEBYSCORE', key('again'), '-inf', int(now), 'LIMIT', 0, left)) do
  local ended = redis.call('HGET', key('lapsed'), stay)
  if ended then
    redis.call('ZADD', key('again'), again, stay)
    answer[#answer + 1], answer[#answer + 2] = string.sub(stay, 9), ended
    left = left - 1
  else
    redis.call('ZREM', key('again'), stay)
  end
end

local bodies = {}
for _, session in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '-inf', int(now), 'LIMIT', 0, left)) do
  local record = redis.call('HGET', key('sessions'), session)
  if record then
    local user = owner(record)
    local gone = depart(session, user)
    local stay, ended = over(session, record, now, gone and GONE_TOO or 0)
    redis.call('HSET', key('lapsed'), stay, ended)
    redis.call('ZADD', key('again'), again, stay)
    answer[#answer + 1], answer[#answer + 2] = session, ended
    bodies[#bodies + 1] = gone and lose(state, user, now) or nil
  else
    redis.call('ZREM', key('leases'), session)
  end
end

publish(state, bodies)
answer[2], answer[3] = upcoming(), #bodies > 0 and '1' or ''
redis.call('HSET', KEYS[1], 'seq', state.seq, 'look', int(answer[2]))
return answer
