-- Notes a node, ARGV[3], with what it is like, ARGV[5], under a lease of ARGV[4]
-- microseconds, and drops those whose leases are over. KEYS[1] is a hash of what nodes
-- are like; leases, beside it, has the instants at which they end.

local now = instant()
redis.call('HSET', KEYS[1], ARGV[3], ARGV[5])
redis.call('ZADD', key('leases'), int(now + tonumber(ARGV[4])), ARGV[3])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '-inf', int(now))) do
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', key('leases'), id)
end
return {OK}
