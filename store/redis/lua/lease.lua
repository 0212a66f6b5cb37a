-- Gives a node the lease to a task in the room, or takes it back.
--
-- ARGV[3] is the task; ARGV[4] the node; ARGV[5] the term in milliseconds, '' to give the
-- lease back. Answers status, and '1' if the node had the lease, or has it now.

local lease = key(ARGV[3])
local holder = redis.call('GET', lease)
if holder and holder ~= ARGV[4] then return {OK, ''} end
if ARGV[5] ~= '' then
  redis.call('SET', lease, ARGV[4], 'PX', ARGV[5])
elseif holder then
  redis.call('UNLINK', lease)
end
return {OK, '1'}
