-- Gives leases another term. In a room that has ended there are none to give; but whoever
-- claims a session then was there until the end.
--
-- ARGV[3] is the term in microseconds, ARGV[4] when Expire returns what has ended; then come
-- session, user and incarnation ('0': whichever there is) of each lease. Answers status; what
-- sooner returns; of each lease that is lost twice its number, from 0, and one more if the
-- session is the user's in another incarnation. Of a room that has ended it answers so of all
-- leases, and before each what is kept of its session if that was there until the end, or ''.

local FIRST = 5

local state = known({'look', 'over'})
if not state then return {UNKNOWN} end

local names = {}
for i = FIRST, #ARGV, 3 do names[#names + 1] = ARGV[i] end
if #names == 0 then return {OK, 0} end
local records = redis.call('HMGET', key('sessions'), unpack(names))
local now, answer = instant(), {OK, 0}

-- holds says whether lease i is of its session as that is, and whether that is the user's.
local function holds(i)
  local record, user, named = records[i], ARGV[FIRST - 2 + 3 * i], n(ARGV[FIRST - 1 + 3 * i])
  local theirs = record and owner(record) == user
  return theirs and (named == 0 or named == struct.unpack('>I8', record, 17)), theirs
end

-- extend gives those that hold their sessions another term.
local function extend()
  local over = int(now + n(ARGV[3]))
  local stamp, seen, leases = struct.pack('>I8', now), {}, {}
  for i, session in ipairs(names) do
    local held, theirs = holds(i)
    if held then
      seen[#seen + 1], seen[#seen + 2] = session, stamp .. string.sub(records[i], 9)
      leases[#leases + 1], leases[#leases + 2] = over, session
    else
      answer[#answer + 1] = 2 * (i - 1) + (theirs and 1 or 0)
    end
  end
  if #seen > 0 then
    redis.call('HSET', key('sessions'), unpack(seen))
    redis.call('ZADD', key('leases'), unpack(leases))
    answer[2] = sooner(state, n(over), now)
  end
end

-- part ends the sessions of those who were there until the room's end.
local function part()
  local stays, ended, again = {}, {}, now + n(ARGV[4])
  answer[1] = ENDED
  for i, session in ipairs(names) do
    local held, theirs = holds(i)
    local one = held and outlived(state, session, records[i], n(state.over)) or ''
    answer[#answer + 1], answer[#answer + 2] = one, 2 * (i - 1) + (theirs and not held and 1 or 0)
    if held then stays[#stays + 1], ended[#ended + 1] = session, one end
  end
  if #stays > 0 then
    redis.call('HDEL', key('sessions'), unpack(stays))
    redis.call('ZREM', key('leases'), unpack(stays))
    owe(state, ended, again)
    answer[2] = sooner(state, again, now)
  end
end

if state.ended == '1' then part() else extend() end
if answer[2] > 0 then redis.call('HSET', KEYS[1], 'look', state.look) end
return answer
