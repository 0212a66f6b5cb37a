-- Seals a slot: from now on nothing in it changes.
--
-- ARGV[5] is how many microseconds nodes have, once a life of the slot may have lost
-- something, to put it again: for so long it is not sealed. Answers status, life, and how
-- many answers and notes there are.

local book = redis.call('HMGET', BOOK, LIFE, SEALED)
local life = alive(book[1])

-- age is how long the process that runs this has done so, in microseconds. It says whole
-- seconds.
local function age()
  local info = redis.call('INFO', 'server')
  local _, before = string.find(info, 'uptime_in_seconds:', 1, true)
  return n(string.match(info, '^%d+', before + 1)) * 1000000
end

-- settled says whether nodes had time to put again what may be lacking: since a life of the
-- slot began after another, and since all that there was may have been lost with a process.
local function settled()
  local term, began = n(ARGV[5]), n(redis.call('HGET', BOOK, BEGAN))
  return age() >= term and (began == 0 or clock() - began >= term)
end

if book[2] ~= '1' then
  if not settled() then return {UNSETTLED} end
  redis.call('HSET', BOOK, SEALED, '1')
end
return {OK, life, redis.call('HLEN', ANSWERS), redis.call('HLEN', NOTES)}
