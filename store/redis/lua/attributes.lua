-- What scripts that change or read attributes begin with.
--
-- An entry of the log of changes and what is kept of a key are one encoding: timestamp,
-- flags, the lengths of key and owner; then key, owner and value.

local DELETED, GOES = 1, 2 -- flags: of a deletion; of what goes with its owner

-- tick returns the next room timestamp. The caller writes clock back.
local function tick(state, now)
  local at = math.max(now, n(state.clock) + 1)
  state.clock = int(at)
  return at
end

-- attribute returns flags, key and owner of an entry.
local function attribute(entry)
  local flags, k, o = struct.unpack('>BI4I4', entry, 9)
  return flags, string.sub(entry, 18, 17 + k), string.sub(entry, 18 + k, 17 + k + o)
end

-- under begins the members of an index by user, who are in order of their ids there: a
-- zero byte of the id is followed by 255, its end by 1.
local function under(user)
  if string.find(user, '\0', 1, true) then user = string.gsub(user, '%z', '\0\255') end
  return user .. '\0\1'
end

-- span returns the bounds of all that is under a user.
local function span(user)
  local first = under(user)
  return '[' .. first, '(' .. string.sub(first, 1, -2) .. '\2'
end

-- replace puts an entry in the place of what is kept of its key.
local function replace(entry)
  local attributes, leaving = key('attributes'), key('leaving')
  local flags, name, owner = attribute(entry)
  local old = redis.call('HGET', attributes, name)
  if old then
    local was, _, whose = attribute(old)
    if was == GOES then redis.call('ZREM', leaving, under(whose) .. name) end
  end
  if flags == DELETED then
    redis.call('HDEL', attributes, name)
    return
  end
  redis.call('HSET', attributes, name, entry)
  if flags == GOES then redis.call('ZADD', leaving, 0, under(owner) .. name) end
end

-- shorten drops the oldest updates from the log of changes, whole, until no more than
-- capacity changes are left.
local function shorten(state, capacity)
  local changes = key('changes')
  local excess = redis.call('LLEN', changes) - math.max(capacity, 0)
  if excess <= 0 then return end
  local floor = struct.unpack('>I8', redis.call('LINDEX', changes, excess - 1))
  while true do
    local entry = redis.call('LINDEX', changes, excess)
    if not entry or struct.unpack('>I8', entry) ~= floor then break end
    excess = excess + 1
  end
  redis.call('LTRIM', changes, excess, -1)
  state.afloor = int(floor)
end

-- advance commits changes at one room timestamp and returns the body to publish. The
-- changes are entries without their timestamps; there is at least one.
local function advance(state, changes, now, capacity)
  local after, at = n(state.at), tick(state, now)
  local parts = {'A' .. struct.pack('>I8I8I4', after, at, #changes)}
  for _, change in ipairs(changes) do
    local entry = struct.pack('>I8', at) .. change
    replace(entry)
    redis.call('RPUSH', key('changes'), entry)
    parts[#parts + 1] = struct.pack('>I4', #entry)
    parts[#parts + 1] = entry
  end
  state.at = int(at)
  shorten(state, capacity)
  redis.call('HSET', KEYS[1], 'at', state.at, 'clock', state.clock, 'afloor', state.afloor or '0')
  return table.concat(parts)
end

-- later returns the changes after a timestamp, or nil if the log does not reach back.
-- Readers are mostly near its end.
local function later(state, after)
  if after > n(state.at) or after < n(state.afloor) then return nil end
  local list, count = {}, 8
  if after == n(state.at) then return list end
  repeat
    count = count * 4
    list = redis.call('LRANGE', key('changes'), -count, -1)
  until #list < count or struct.unpack('>I8', list[1]) <= after
  local rest = {}
  for _, entry in ipairs(list) do
    if struct.unpack('>I8', entry) > after then rest[#rest + 1] = entry end
  end
  return rest
end

-- delta brings a reader's map to the present: the epoch, where that is, '1' for changes
-- or '' for the whole map, and the entries.
local function delta(state, epoch, after)
  local present = epoch == state.epoch or epoch == '' and after > 0
  local changes = present and later(state, after)
  if changes then return {state.epoch, n(state.at), '1', changes} end
  return {state.epoch, n(state.at), '', redis.call('HVALS', key('attributes'))}
end

-- lose deletes what goes with a user who has left, in order of key, and returns the body
-- to publish; nil if that is nothing.
local function lose(state, user, now)
  if n(state.at) == 0 then return nil end -- nobody has ever set any
  local changes = {}
  local from, to = span(user)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', key('leaving'), from, to)) do
    local name = string.sub(member, #from)
    changes[#changes + 1] = struct.pack('>BI4I4', DELETED, #name, 0) .. name
  end
  if #changes == 0 then return nil end
  return advance(state, changes, now, n(state.alog))
end
