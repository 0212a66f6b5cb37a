-- Seals a slot: from now on nothing in it changes.
--
-- ARGV[5] is how many microseconds nodes have, once a life of the slot may have lost
-- something, to put it again: for so long it is not sealed, nor for a third of that after
-- something was put again, with which more may come. Answers status, life, and how many
-- answers and notes there are.

local book = redis.call('HMGET', BOOK, LIFE, SEALED)
local life = alive(book[1])

-- settled says whether nodes had time to put again what may be lacking.
local function settled()
  local lately, now, term = redis.call('HMGET', BOOK, BORN, AGAIN), clock(), n(ARGV[5])
  local born, again = n(lately[1]), n(lately[2])
  return (born == 0 or now - born >= term) and now - again >= term / 3
end

if book[2] ~= '1' then
  if not settled() then return {UNSETTLED} end
  redis.call('HSET', BOOK, SEALED, '1')
end
return {OK, life, redis.call('HLEN', ANSWERS), redis.call('HLEN', NOTES)}
