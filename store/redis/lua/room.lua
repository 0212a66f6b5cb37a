-- Hands the room over as its backend of truth has it.
--
-- ARGV[3] is '1' where a room that is not known is to begin anew; ARGV[4] the revision;
-- ARGV[5] '1' for a room that has ended; ARGV[6] the room's encoding; ARGV[7] for how
-- long an ended room is kept, in milliseconds; from ARGV[8] on names and values of
-- what the state has of it, first when it was created: one that was created after the copy is
-- another of that id, and begins anew. So does one whose end its backend of truth has
-- forgotten. Answers status, epoch, and '1' if the room was taken.

local state = open({'rev', 'cap', 'created'})
local age = state and state.created and n(ARGV[9]) - n(state.created) or 0
if age < 0 then return {OK, state.epoch, ''} end -- of one that was forgotten before this one was created
local revived = state and state.ended == '1' and ARGV[5] ~= '1' and n(ARGV[4]) > n(state.rev)
local fresh = not state or age > 0 or revived
if fresh then
  if ARGV[3] ~= '1' then return {UNKNOWN} end
  redis.call('UNLINK', KEYS[1])
  for _, name in ipairs(kept) do redis.call('UNLINK', key(name)) end
  state = {epoch = ARGV[2], life = leader(), seq = '0'}
elseif n(ARGV[4]) <= n(state.rev) then
  return {OK, state.epoch, ''}
end

redis.call('HSET', KEYS[1], 'epoch', state.epoch, 'life', state.life, 'rev', ARGV[4], 'ended', ARGV[5],
  unpack(ARGV, 8))
redis.call('SET', key('copy'), ARGV[6])
if not fresh then
  trim(n(redis.call('HGET', KEYS[1], 'cap')))
  publish(state, {'R' .. ARGV[6]})
end
redis.call('HSET', KEYS[1], 'seq', state.seq)
if ARGV[5] == '1' then
  for _, name in ipairs(present) do redis.call('UNLINK', key(name)) end
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
  for _, name in ipairs(kept) do redis.call('PEXPIRE', key(name), ARGV[7]) end
end
return {OK, state.epoch, '1'}
