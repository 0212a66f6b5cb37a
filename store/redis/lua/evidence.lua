-- Answers status, the slot's life, '' where nothing is kept of it, and of each user of ARGV
-- from the fifth on four values, '' for none: their answer, and the notes that they were
-- there, that the question reached them, and that they come back.

local FIRST, NOTED = 5, {'\1', '\2', '\4'}

local known = redis.call('HGET', BOOK, LIFE)
if not known or redis.call('EXISTS', ANSWERS, NOTES) == 0 then return {OK, ''} end
local answer = {OK, alive(known)}
for i = FIRST, #ARGV do
  answer[#answer + 1] = redis.call('HGET', ANSWERS, ARGV[i]) or ''
  for _, kind in ipairs(NOTED) do
    answer[#answer + 1] = redis.call('HGET', NOTES, kind .. ARGV[i]) or ''
  end
end
return answer
