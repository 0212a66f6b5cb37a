-- Forgets sessions that have ended: those of ARGV from the third on, each its incarnation
-- before its id.

redis.call('HDEL', key('lapsed'), unpack(ARGV, 3))
redis.call('ZREM', key('again'), unpack(ARGV, 3))
return {OK}
