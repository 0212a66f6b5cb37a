-- Answers status, the slot's life, '' where it may lack something, and of each user of ARGV
-- from the seventh on four values, '' for none: their answer, and the notes that they were
-- there, that the question reached them, and that they come back.
--
-- ARGV[5] is how many microseconds nodes have to put again what was lost (settled); ARGV[6] is
-- '1' if the slot was sealed, as the caller knows. One that is sealed here lacks nothing.

local FIRST, NOTED = 7, {'\1', '\2', '\4'}

local book, life = redis.call('HMGET', BOOK, LIFE, SEALED), ''
if book[1] then
  life = alive(book[1])
  if book[2] ~= '1' and (ARGV[6] == '1' or not settled(ARGV[5])) then life = '' end
end
local answer = {OK, life}
for i = FIRST, #ARGV do
  answer[#answer + 1] = redis.call('HGET', ANSWERS, ARGV[i]) or ''
  for _, kind in ipairs(NOTED) do
    answer[#answer + 1] = redis.call('HGET', NOTES, kind .. ARGV[i]) or ''
  end
end
return answer
