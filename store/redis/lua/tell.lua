-- Tells those who follow the room that a quiz of it was changed: ARGV[3] is the body.

local state = open({})
if not state then return {UNKNOWN} end
publish(state, {'Q' .. ARGV[3]})
redis.call('HSET', KEYS[1], 'seq', state.seq)
return {OK}
