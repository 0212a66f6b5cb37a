-- Forgets sessions that have ended: what is kept of them is ARGV from the third on.

redis.call('ZREM', key('ended'), unpack(ARGV, 3))
return {OK}
