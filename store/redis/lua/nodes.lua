-- Reads the nodes whose leases are not over, as announce.lua has noted them: each node's
-- id, and what it is like.

local answer = {OK}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '(' .. int(instant()), '+inf')) do
  local node = redis.call('HGET', KEYS[1], id)
  if node then
    answer[#answer + 1] = id
    answer[#answer + 1] = node
  end
end
return answer
