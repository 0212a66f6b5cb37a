-- Counts who is there. Answers status, users, sessions.

local state = known({})
if not state then return {UNKNOWN} end
if state.ended == '1' then return {OK, 0, 0} end
return {OK, redis.call('HLEN', key('users')), redis.call('HLEN', key('sessions'))}
