-- What scripts that change or read presence begin with, after those of attributes: who
-- leaves loses some.
--
-- Kept are: sessions, a hash of records; users, a hash of how many sessions each has; and
-- sorted sets: stays, of sessions under their users, leases, of sessions by the instant at
-- which their leases are over, and ended, of what there is to tell of sessions that have
-- ended, until they are settled, by the instant at which Expire returns it.
--
-- Of a room that has ended sessions and leases stay, of those who were in it then and of whom
-- nothing is known since. They are nobody's any more: Renew and Expire make them ended ones.
--
-- A record of a session: when its lease was last given, when it joined, its incarnation,
-- the user's role, the length of their id; then their id and their name.

-- owner returns whose a record is.
local function owner(record)
  local u = struct.unpack('>I4', record, 26)
  return string.sub(record, 30, 29 + u)
end

-- depart ends a session of a user and says whether they have gone with it.
local function depart(session, user)
  redis.call('HDEL', key('sessions'), session)
  redis.call('ZREM', key('leases'), session)
  redis.call('ZREM', key('stays'), under(user) .. session)
  if redis.call('HINCRBY', key('users'), user, -1) > 0 then return false end
  redis.call('HDEL', key('users'), user)
  return true
end

-- Of a session that has ended is kept the instant, what follows of these, the length of its
-- id, the id, and its record.
local GONE_TOO, LEFT = 1, 2 -- its user has gone with it; it did not lapse

-- over returns what is kept of a session that has ended.
local function over(session, record, at, how)
  return struct.pack('>I8BI4', at, how, #session) .. session .. record
end

-- outlived is over for a session of a room that has ended, last seen at an instant, at most
-- at the room's end.
local function outlived(state, session, record, seen)
  local ended = n(state.over)
  return over(session, struct.pack('>I8', math.min(seen, ended)) .. string.sub(record, 9), ended, 0)
end

-- owe keeps what has ended, for Expire to return at an instant. What is kept of a room that
-- has ended goes with its state.
local function owe(state, ended, at)
  local terms = {}
  for _, one in ipairs(ended) do terms[#terms + 1], terms[#terms + 2] = int(at), one end
  for i = 1, #terms, 1000 do
    redis.call('ZADD', key('ended'), unpack(terms, i, math.min(i + 999, #terms)))
  end
  if state.ended == '1' and #terms > 0 then stay(key('ended'), '') end
end

-- sooner returns an instant by which the index of all rooms must have this one looked
-- at, or 0 if it does already. A look that is long overdue says that the index has lost
-- the room. The caller writes look back.
local function sooner(state, at, now)
  local look = n(state.look)
  if look > 0 and look <= at then
    if look > now - 10000000 then return 0 end
    at = now
  end
  state.look = int(at)
  return at
end

-- upcoming returns when the room is to be looked at next; 0: not at all.
local function upcoming()
  local first = 0
  for _, name in ipairs({'leases', 'ended'}) do
    local at = redis.call('ZRANGE', key(name), 0, 0, 'WITHSCORES')[2]
    if at and (first == 0 or tonumber(at) < first) then first = tonumber(at) end
  end
  return first
end
