-- Puts a revision of words in place of the copy, if that is still what was seen of it.
--
-- ARGV[3] is what was seen, '' for none; ARGV[4] the revision; ARGV[5] for how long the
-- copy of a room that is not known is kept, in milliseconds, '' for ever. Answers status,
-- and '1' if the copy is of the revision then.

local copy = key('words')
if (redis.call('GET', copy) or '') ~= ARGV[3] then return {OK, ''} end
redis.call('SET', copy, ARGV[4] .. ' ' .. ARGV[2])
stay(copy, ARGV[5])
return {OK, '1'}
