-- Gives leases another term.
--
-- ARGV[3] is the term in microseconds; then come session, user and incarnation ('0':
-- whichever there is) of each lease. Answers status; what sooner returns; of each lease
-- that is lost twice its number, from 0, and one more if the session is the user's in
-- another incarnation.

local state = open({'look'})
if not state then return {UNKNOWN} end

local names = {}
for i = 4, #ARGV, 3 do names[#names + 1] = ARGV[i] end
local records = redis.call('HMGET', key('sessions'), unpack(names))
local now, answer = instant(), {OK, 0}
local over = int(now + n(ARGV[3]))
local stamp, seen, leases = struct.pack('>I8', now), {}, {}
for i, session in ipairs(names) do
  local record, user, named = records[i], ARGV[3 * i + 2], n(ARGV[3 * i + 3])
  local theirs = record and owner(record) == user
  if theirs and (named == 0 or named == struct.unpack('>I8', record, 17)) then
    seen[#seen + 1], seen[#seen + 2] = session, stamp .. string.sub(record, 9)
    leases[#leases + 1], leases[#leases + 2] = over, session
  else
    answer[#answer + 1] = 2 * (i - 1) + (theirs and 1 or 0)
  end
end
if #seen > 0 then
  redis.call('HSET', key('sessions'), unpack(seen))
  redis.call('ZADD', key('leases'), unpack(leases))
  answer[2] = sooner(state, n(over), now)
  if answer[2] > 0 then redis.call('HSET', KEYS[1], 'look', state.look) end
end
return answer
