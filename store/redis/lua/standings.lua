-- Puts standings after the slot's question, which are at KEYS[5], in place of those after
-- the same or an earlier one. None are at KEYS[5] where nobody plays.

if question < n(redis.call('HGET', BOOK, 'after')) then
  redis.call('UNLINK', KEYS[5])
  return {OK}
end
redis.call('UNLINK', STANDINGS)
if redis.call('EXISTS', KEYS[5]) == 1 then
  redis.call('RENAME', KEYS[5], STANDINGS)
  keep(STANDINGS)
end
alive(redis.call('HGET', BOOK, LIFE))
redis.call('HSET', BOOK, 'after', ARGV[3])
keep(BOOK)
return {OK}
