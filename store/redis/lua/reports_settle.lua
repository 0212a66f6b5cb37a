-- Deletes entries of a part of the queue (see reports_put.lua), by their ids: ARGV[3] on.
-- Those that are not there are passed over.

for i = 3, #ARGV do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  if entry then
    redis.call('XACK', KEYS[1], 'mergers', ARGV[i])
    redis.call('XDEL', KEYS[1], ARGV[i])
    redis.call('DECRBY', KEYS[3], entry[2][4])
  end
  redis.call('ZREM', KEYS[2], ARGV[i])
end
return {OK}
