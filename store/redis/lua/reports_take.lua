-- Takes entries of a part of the queue (see reports_put.lua) for the node ARGV[3], until
-- there are ARGV[4] events, each under a lease of ARGV[5] microseconds: first those whose
-- lease is over, then others, the oldest first. It answers of each its id, how often it was
-- taken, and its events.

local GROUP = 'mergers'
local now, left = instant(), tonumber(ARGV[4])
local answer = {OK}

local function give(id, fields, taken)
  local values = {}
  for i = 1, #fields, 2 do values[fields[i]] = fields[i + 1] end
  redis.call('ZADD', KEYS[2], int(now + tonumber(ARGV[5])), id)
  left = left - tonumber(values.n)
  answer[#answer + 1] = id
  answer[#answer + 1] = taken
  answer[#answer + 1] = values.e
end

if redis.call('EXISTS', KEYS[1]) == 0 then return answer end

-- A node that is new here clears up after those that are gone: each process has a name of
-- its own. One that has nothing is missed by nobody, and is there again once it takes.
if redis.pcall('XGROUP', 'CREATECONSUMER', KEYS[1], GROUP, ARGV[3]) == 1 then
  for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], GROUP)) do
    local of = {}
    for i = 1, #fields, 2 do of[fields[i]] = fields[i + 1] end
    if of.name ~= ARGV[3] and of.pending == 0 and of.idle > tonumber(ARGV[5]) / 1000 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], GROUP, of.name)
    end
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', int(now), 'LIMIT', 0, 1000)) do
  if left <= 0 then break end
  local claimed = redis.call('XCLAIM', KEYS[1], GROUP, ARGV[3], 0, id)[1]
  if claimed then
    give(id, claimed[2], redis.call('XPENDING', KEYS[1], GROUP, id, id, 1)[1][4])
  else
    redis.call('ZREM', KEYS[2], id)
  end
end

-- read takes the next entry that nobody has taken. A part that is new has no group yet.
local function read()
  return redis.pcall('XREADGROUP', 'GROUP', GROUP, ARGV[3], 'COUNT', 1, 'STREAMS', KEYS[1], '>')
end

while left > 0 do
  local got = read()
  if got and got.err then
    redis.call('XGROUP', 'CREATE', KEYS[1], GROUP, '0')
    got = read()
  end
  if not got then break end
  local entry = got[1][2][1]
  give(entry[1], entry[2], 1)
end
return answer
