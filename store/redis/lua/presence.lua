-- What scripts that change or read presence begin with, after those of attributes: who
-- leaves loses some.
--
-- Kept are: sessions, a hash of records; users, a hash of how many sessions each has; and
-- sorted sets: stays, of sessions under their users, and leases, of sessions by the instant
-- at which their leases are over. Of sessions that have ended, named by incarnation and
-- session, lapsed has what ended and when, until they are settled, and again when Expire
-- returns them, once more or after somebody left.
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

-- Of a session that has ended is kept the instant, what follows of these, and its record.
local GONE_TOO, LEFT = 1, 2 -- its user has gone with it; it did not lapse

-- over returns what names a session that has ended, and what is kept of it.
local function over(session, record, now, how)
  return string.sub(record, 17, 24) .. session, struct.pack('>I8B', now, how) .. record
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
  for _, name in ipairs({'leases', 'again'}) do
    local at = redis.call('ZRANGE', key(name), 0, 0, 'WITHSCORES')[2]
    if at and (first == 0 or tonumber(at) < first) then first = tonumber(at) end
  end
  return first
end
