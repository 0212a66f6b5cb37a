-- Ends a session of a user, or all of theirs. A room that has ended has none.
--
-- ARGV[3] is the user; ARGV[4] the session, '' for all; ARGV[5] the incarnation of a
-- session, '0' for whichever there is; ARGV[6] the reason, ARGV[7] the message; ARGV[8] when
-- Expire returns them, if nobody has settled them, in microseconds. Answers status; '1' if
-- attributes were lost; what sooner returns; then what is kept of the sessions that ended.

local state = open({'at', 'afloor', 'clock', 'alog', 'look'})
if not state then return {UNKNOWN} end
local answer = {OK, '', 0}
if state.ended == '1' then return answer end

local user, named = ARGV[3], n(ARGV[5])
local sessions = {ARGV[4]}
if ARGV[4] == '' then
  local from, to = span(user)
  sessions = redis.call('ZRANGEBYLEX', key('stays'), from, to)
  for i, member in ipairs(sessions) do sessions[i] = string.sub(member, #from) end
  named = 0
end

local now, gone, latest, ended = instant(), false, 0, {}
local again = now + n(ARGV[8])
for _, session in ipairs(sessions) do
  local record = redis.call('HGET', key('sessions'), session)
  local incarnation = record and struct.unpack('>I8', record, 17)
  if record and owner(record) == user and (named == 0 or named == incarnation) then
    gone = depart(session, user)
    latest = math.max(latest, incarnation)
    ended[#ended + 1] = over(session, record, now, gone and GONE_TOO + LEFT or LEFT)
  end
end
if latest == 0 then return answer end

owe(state, ended, again)
local departure = 'D' .. struct.pack('>I8BI4I4', latest, n(ARGV[6]), #user, #ARGV[4]) .. user .. ARGV[4] .. ARGV[7]
local lost = gone and lose(state, user, now)
publish(state, {departure, lost or nil})
answer[2], answer[3] = lost and '1' or '', sooner(state, again, now)
redis.call('HSET', KEYS[1], 'seq', state.seq, 'look', state.look)
for _, one in ipairs(ended) do answer[#answer + 1] = one end
return answer
