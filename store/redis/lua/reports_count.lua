-- Answers how many events are in a part of the queue (see reports_put.lua), and when the
-- oldest was put there; 0: there is none.

local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not oldest then return {OK, '0', '0'} end
return {OK, redis.call('GET', KEYS[3]) or '0', oldest[2][2]}
