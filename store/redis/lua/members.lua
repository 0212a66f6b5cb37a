-- Reads who is there.
--
-- ARGV[3] is the user after whom to begin, ARGV[4] how many users to return at most.
-- Answers status, and their sessions, user by user, each before its record.

local state = known({})
if not state then return {UNKNOWN} end
if state.ended == '1' then return {OK} end

local answer, left, last = {OK}, n(ARGV[4]), nil
local _, after = span(ARGV[3])
repeat
  local stays = redis.call('ZRANGEBYLEX', key('stays'), after, '+', 'LIMIT', 0, 100)
  for _, stay in ipairs(stays) do
    local first, second = string.find(stay, '\0\1', 1, true)
    local user, session = string.sub(stay, 1, first), string.sub(stay, second + 1)
    if user ~= last then left, last = left - 1, user end
    if left < 0 then return answer end
    local record = redis.call('HGET', key('sessions'), session)
    if record then answer[#answer + 1], answer[#answer + 2] = session, record end
    after = '(' .. stay
  end
until #stays < 100
return answer
