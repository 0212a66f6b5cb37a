-- What scripts that append to the log share: feed.Log's rules, in the order in which it
-- applies them.
--
-- They open the state with opened, decide, and write back what has changed with close.

-- Outcomes, as Go decodes them.
local ACCEPTED, RATE_LIMITED, SLOW_MODE, DUPLICATE = 0, 1, 2, 3

local WHITELIST = 0
local SECOND = 1000000

-- An entry of a ring begins with: timestamp, sequence, the timestamp that it recalls, 1 if
-- it is recalled itself, and the length of what a recall leaves of its content, which
-- follows.
local HEADER = '>I8I8I8BI4'

-- All below is of one run: one instant, in which every later message sees the earlier.
local state, wall, now
local changed = {}  -- fields and values to write back
local heads = {}    -- per bucket: t, s of its latest entry, size of its ring, fresh entries
local windows = {}  -- those that were asked about
local bodies = {}   -- publications

local function change(name, value)
  changed[#changed + 1] = name
  changed[#changed + 1] = value
end

-- opened reads the state and the time that rates run on (feed.steady's at). It returns a
-- status if nothing can be appended.
local function opened()
  state = open({
    'rev', 'rate', 'wrate', 'slow', 'cap', 'clock', 'last', 'ahead', 'su0', 'su1', 'wu0', 'wu1',
    'h0t', 'h0s', 'h1t', 'h1s', 'h2t', 'h2s', 'e0s', 'e1s', 'e2s',
  })
  if not state then return {UNKNOWN} end
  if state.ended == '1' then return {ENDED} end
  state.rev, state.clock, state.cap = n(state.rev), n(state.clock), math.max(n(state.cap), 1)
  for b = 0, 2 do
    local s = n(state['h' .. b .. 's'])
    heads[b] = {t = n(state['h' .. b .. 't']), s = s, size = s - n(state['e' .. b .. 's']), fresh = {}}
  end
  wall = instant()
  now = wall + n(state.ahead)
  local behind = n(state.last) - now
  if behind > 0 then
    now = now + behind
    change('ahead', int(now - wall))
  end
end

-- own says whether limits of a revision are older than the room's own.
local function own(revision) return revision < state.rev end

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
  state.clock = math.max(wall, state.clock + 1)
  local head = heads[b]
  head.t, head.s = state.clock, head.s + 1
  local entry = struct.pack(HEADER, head.t, head.s, recalls, 0, kept) .. content
  head.fresh[#head.fresh + 1] = entry
  bodies[#bodies + 1] = 'M' .. string.char(b) .. entry
  return head.t, head.s
end

-- receipt is what becomes of a message: outcome, bucket, place, microseconds until another try.
local function receipt(outcome, b, t, s, retry)
  return struct.pack('>BBI8I8I8', outcome, b, t, s, retry)
end

-- push writes back what was put into a bucket.
local function push(b, head)
  local count = #head.fresh
  if count == 0 then return end
  redis.call('RPUSH', key('ring' .. b), unpack(head.fresh))
  change('h' .. b .. 't', int(head.t))
  change('h' .. b .. 's', int(head.s))
  local excess = head.size + count - state.cap
  if excess > 0 then
    local t, s = evict(b, excess)
    change('e' .. b .. 't', int(t))
    change('e' .. b .. 's', int(s))
  end
end

-- close writes everything back and publishes it.
local function close()
  if #bodies > 0 then
    for b = 0, 2 do push(b, heads[b]) end
    for _, w in pairs(windows) do settle(w) end
    publish(state, bodies)
    change('seq', state.seq)
    change('clock', int(state.clock))
    change('last', int(now))
  end
  if #changed > 0 then redis.call('HSET', KEYS[1], unpack(changed)) end
end

-- answer is what both scripts answer: status, epoch, revision of the room's copy, sequence of the
-- latest publication, receipts.
local function answer(receipts)
  return {OK, state.epoch, state.rev, n(state.seq), receipts}
end
