-- Drops a node, ARGV[3], as announce.lua has noted it.

redis.call('HDEL', KEYS[1], ARGV[3])
redis.call('ZREM', key('leases'), ARGV[3])
return {OK}
