-- Hands over what acts in a place: on all users, or on one whom a change was about.
--
-- The copy is the hash standing: users and what acts on them, and, as nobody's (''), the
-- revision that it is of, how many users are in it, and the rest.
--
-- ARGV[3] is the revision; ARGV[4] the one before it, '' where this is all that acts in the
-- place; ARGV[5] the rest; ARGV[6] for how long the copy of a room that is not known is
-- kept, in milliseconds, '' for ever; from ARGV[7] on users and what acts on them, '' for
-- nothing. Answers status, and '1' if the copy is of the revision then, or of a later one.

local standing = key('standing')
local copied = redis.call('HGET', standing, '')
local revision = copied and string.match(copied, '^%d+')
if revision and tonumber(ARGV[3]) <= tonumber(revision) then return {OK, '1'} end
if ARGV[4] == '' then
  redis.call('UNLINK', standing)
elseif ARGV[4] ~= revision then
  return {OK, ''}
end
for i = 7, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', standing, ARGV[i])
  else
    redis.call('HSET', standing, ARGV[i], ARGV[i + 1])
  end
end
redis.call('HDEL', standing, '')
local users = redis.call('HLEN', standing)
redis.call('HSET', standing, '', ARGV[3] .. ' ' .. int(users) .. ' ' .. ARGV[5])
stay(standing, ARGV[6])
return {OK, '1'}
