-- Reads who is there.
--
-- ARGV[3] is the user after whom to begin, ARGV[4] how many users to return at most.
-- Answers status, and their sessions, user by user, each before its record.

local state = open({})
if not state then return {UNKNOWN} end

local answer = {OK}
for _, user in ipairs(redis.call('ZRANGEBYLEX', key('users'), '(' .. ARGV[3], '+', 'LIMIT', 0, ARGV[4])) do
  local from, to = span(user)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', key('stays'), from, to)) do
    local session = string.sub(member, 9 + #user)
    answer[#answer + 1], answer[#answer + 2] = session, redis.call('HGET', key('sessions'), session)
  end
end
return answer
