-- What scripts that append to the log share: feed.Log's rules, in the order in which it
-- applies them.
--
-- They read the state with opened, decide, and write back what has changed with close.

-- Outcomes, as Go decodes them.
local ACCEPTED, RATE_LIMITED, SLOW_MODE, DUPLICATE = 0, 1, 2, 3

local WHITELIST = 0
local SECOND = 1000000

-- An entry of a ring begins with: timestamp, sequence, the timestamp that it recalls, 1 if
-- it is recalled itself, and the length of what a recall leaves of its content, which
-- follows.
local HEADER = '>I8I8I8BI4'

-- All below is of one run: one instant, in which every later message sees the earlier.
local state, log, wall, now
local fresh = {}    -- per bucket, entries to add to its ring
local windows = {}  -- those that were asked about
local bodies = {}   -- publications
local limits        -- the room's own, once asked for
local touched       -- the log is to be written back

-- opened reads the state and the time that rates run on (feed.steady's at). It returns a
-- status if nothing can be appended.
local function opened()
  state = open({'rev', 'cap', 'clock', 'log'})
  if not state then return {UNKNOWN} end
  if state.ended == '1' then return {ENDED} end
  state.rev, state.clock, state.cap = n(state.rev), n(state.clock), math.max(n(state.cap), 1)
  log = {struct.unpack(LOG, state.log or NO_LOG)}
  wall = instant()
  now = wall + log[AHEAD]
  if now < log[LAST] then
    now = log[LAST]
    log[AHEAD], touched = now - wall, true
  end
end

-- size returns how many entries a bucket's ring holds.
local function size(b) return log[HEAD + 2 * b + 1] - log[GONE + 2 * b + 1] end

-- own returns the room's own limits where those that came with something are older, else nil.
local function own(revision)
  if revision >= state.rev then return nil end
  limits = limits or fields({'rate', 'wrate', 'slow'})
  return limits
end

-- window is a feed.window: the list of the instants of one rate, and how many this run adds.
local function window(number)
  local w = windows[number]
  if not w then
    local name = key('rate' .. number)
    w = {name = name, size = redis.call('LLEN', name), added = 0}
    windows[number] = w
  end
  return w
end

-- free returns the earliest instant at which another may be admitted under limit.
local function free(w, limit)
  local i = w.size + w.added - math.max(limit, 1)
  if i < 0 then return 0 end
  if i >= w.size then return now + SECOND end
  if w.i ~= i then w.i, w.at = i, tonumber(redis.call('LINDEX', w.name, i)) end
  return w.at + SECOND
end

local function admit(w) w.added = w.added + 1 end

-- settle writes a window back, without what is over.
local function settle(w)
  if w.added == 0 then return end
  local oldest, over = redis.call('LRANGE', w.name, 0, 2 * w.added), 0
  while oldest[over + 1] and tonumber(oldest[over + 1]) + SECOND <= now do over = over + 1 end
  if over > 0 then redis.call('LTRIM', w.name, over, -1) end
  local instants, at = {}, int(now)
  for i = 1, w.added do instants[i] = at end
  redis.call('RPUSH', w.name, unpack(instants))
end

-- put places an entry in a bucket and returns its place.
local function put(b, recalls, kept, content)
  local t, at = math.max(wall, state.clock + 1), HEAD + 2 * b
  local s = log[at + 1] + 1
  state.clock, log[at], log[at + 1] = t, t, s
  local entry = struct.pack(HEADER, t, s, recalls, 0, kept) .. content
  local entries = fresh[b] or {}
  entries[#entries + 1], fresh[b] = entry, entries
  bodies[#bodies + 1] = 'M' .. string.char(b) .. entry
  return t, s
end

-- receipt is what becomes of a message: outcome, bucket, place, microseconds until another try.
local function receipt(outcome, b, t, s, retry)
  return struct.pack('>BBI8I8I8', outcome, b, t, s, retry)
end

-- push writes back what was put into a bucket.
local function push(b, entries)
  redis.call('RPUSH', key('ring' .. b), unpack(entries))
  if size(b) > state.cap then evict(log, b, size(b) - state.cap) end
end

-- close writes everything back and publishes it.
local function close()
  if #bodies > 0 then
    for b, entries in pairs(fresh) do push(b, entries) end
    for _, w in pairs(windows) do settle(w) end
    log[LAST] = now
    publish(state, bodies)
    redis.call('HSET', KEYS[1], 'log', struct.pack(LOG, unpack(log, 1, 18)), 'seq', state.seq, 'clock', int(state.clock))
  elseif touched then
    redis.call('HSET', KEYS[1], 'log', struct.pack(LOG, unpack(log, 1, 18)))
  end
end

-- answer is what both scripts answer: status, epoch, revision of the room's copy, sequence of the
-- latest publication, receipts.
local function answer(receipts)
  return {OK, state.epoch, state.rev, n(state.seq), receipts}
end
