-- Seals a slot: from now on nothing in it changes.
--
-- ARGV[5] is how many microseconds nodes have to put again what was lost (settled): a slot is
-- not sealed before. Answers status, life, and how many answers and notes there are.

local book = redis.call('HMGET', BOOK, LIFE, SEALED)
local life = alive(book[1])

if book[2] ~= '1' then
  if not settled(ARGV[5]) then return {UNSETTLED} end
  redis.call('HSET', BOOK, SEALED, '1')
end
return {OK, life, redis.call('HLEN', ANSWERS), redis.call('HLEN', NOTES)}
