-- What scripts on slots of quizzes begin with.
--
-- KEYS are of one shard of a quiz's players: the book, which is a hash, then the answers
-- and the notes of the slot, and the standings. ARGV[3] is the slot's question, ARGV[4]
-- for how many milliseconds what is written is kept.
--
-- The book has
--   life    the run_id of the process that leads the life of the shard's slots, and what
--           tells lives apart
--   born    when the life began, by the server's own clock; 0: nothing was there before
--   again   when answers were put again last that were lacking, by that clock
--   after   the question that the standings are after
-- and of question n:
--   sn   '1' once the slot is sealed
--   cn   packed: answers that were taken, by option

local BOOK, ANSWERS, NOTES, STANDINGS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local NO_STANDINGS, UNSETTLED = 3, 4

-- at most so many values go into one call: Lua has no room for many more on its stack.
local AT_ONCE = 1000

local question = n(ARGV[3])
local LIFE, BORN, AGAIN, SEALED, COUNTS = 'life', 'born', 'again', 's' .. ARGV[3], 'c' .. ARGV[3]

-- clock is the server's own, in microseconds.
local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local function keep(name) redis.call('PEXPIRE', name, ARGV[4]) end

-- settled says whether nodes had time to put again what the shard may have lost: so many
-- microseconds since its life began, and a third of that since something was put again, with
-- which more may come.
local function settled(term)
  local lately, now = redis.call('HMGET', BOOK, BORN, AGAIN), clock()
  local born, again = n(lately[1]), n(lately[2])
  return (born == 0 or now - born >= n(term)) and now - again >= n(term) / 3
end

-- alive returns what tells the slot's life from others. One that is led by another process
-- than the one that it began under is over: what was acknowledged last may be lost. So may
-- all be where there is no book. created says that nothing was there that could be lost.
local function alive(known, created)
  local process = leader()
  if known and string.sub(known, 1, 40) == process then return string.sub(known, 41) end
  local born = '0'
  if known or not created then born = int(clock()) end
  redis.call('HSET', BOOK, LIFE, process .. ARGV[2], BORN, born)
  keep(BOOK)
  return ARGV[2]
end
