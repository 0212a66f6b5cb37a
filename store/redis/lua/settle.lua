-- Forgets sessions that Expire has returned: those of ARGV from the third on, each its
-- incarnation before its id.

for i = 3, #ARGV do
  redis.call('HDEL', key('lapsed'), ARGV[i])
  redis.call('ZREM', key('again'), ARGV[i])
end
return {OK}
