-- Counts who is there. Answers status, users, sessions.

if redis.call('EXISTS', KEYS[1]) == 0 then return {UNKNOWN} end
return {OK, redis.call('HLEN', key('users')), redis.call('HLEN', key('sessions'))}
