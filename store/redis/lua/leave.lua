-- Ends a session of a user, or all of theirs.
--
-- ARGV[3] is the user; ARGV[4] the session, '' for all; ARGV[5] the incarnation of a
-- session, '0' for whichever there is; ARGV[6] the reason, ARGV[7] the message. Answers
-- status; the instant; '1' if the user has gone; '1' if attributes were lost with them;
-- then the sessions that ended, each before its record.

local state = open({'at', 'afloor', 'clock', 'alog'})
if not state then return {UNKNOWN} end

local user, named = ARGV[3], n(ARGV[5])
local sessions = {ARGV[4]}
if ARGV[4] == '' then
  local from, to = span(user)
  sessions = redis.call('ZRANGEBYLEX', key('stays'), from, to)
  for i, member in ipairs(sessions) do sessions[i] = string.sub(member, #from) end
  named = 0
end

local now, gone, latest, answer = instant(), false, 0, {OK, 0, '', ''}
for _, session in ipairs(sessions) do
  local record = redis.call('HGET', key('sessions'), session)
  local incarnation = record and struct.unpack('>I8', record, 17)
  if record and owner(record) == user and (named == 0 or named == incarnation) then
    gone = depart(session, user)
    latest = math.max(latest, incarnation)
    answer[#answer + 1], answer[#answer + 2] = session, record
  end
end
answer[2] = now
if latest == 0 then return answer end

local departure = 'D' .. struct.pack('>I8BI4I4', latest, n(ARGV[6]), #user, #ARGV[4]) .. user .. ARGV[4] .. ARGV[7]
local lost = gone and lose(state, user, now)
publish(state, {departure, lost or nil})
redis.call('HSET', KEYS[1], 'seq', state.seq)
answer[3], answer[4] = gone and '1' or '', lost and '1' or ''
return answer
