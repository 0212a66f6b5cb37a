-- Says where the users of ARGV from the fifth on stand after the slot's question, or a
-- later one: status, then a list.

if n(redis.call('HGET', BOOK, 'after')) < question then return {NO_STANDINGS} end
local answer = {OK}
for from = 5, #ARGV, AT_ONCE do
  local to = math.min(from + AT_ONCE - 1, #ARGV)
  for i, standing in ipairs(redis.call('HMGET', STANDINGS, unpack(ARGV, from, to))) do
    answer[1 + from - 5 + i] = standing or ''
  end
end
return answer
