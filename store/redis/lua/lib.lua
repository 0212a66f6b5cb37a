-- What every script begins with.
--
-- KEYS[1] is the room's state; all else that is kept of the room has a name with the
-- same prefix, and so is in the same slot. ARGV[1] is the instant in Unix
-- microseconds, or '' for the server's own; ARGV[2] is a fresh epoch, for a room that
-- needs another one. Scripts answer with a list, of which the first is a status.
--
-- The state is a hash:
--   epoch, life        this life of the log, and the run_id of the process that leads it
--   rev, ended, over   the revision of the room's copy; '1' for a room that has ended, and when it did
--   created            when the room was
--   seq                the sequence of the latest publication of this life
--   clock              the latest room timestamp
--   joins              the latest incarnation
--   log                packed: what the log's scripts need besides (LOG, below)
--   at, afloor         timestamp of the attributes; that of the last update trimmed
--   before             the ancestry: packed, the latest first
--   requests           when the present generation of remembered requests began
--   look               when the room is to be looked at for leases that are over, as the
--                      index of all rooms has it (or earlier there); 0: not at all
--   rate wrate slow cap akeys akey avalue alog avw     the room's own settings
-- Numbers are decimal; timestamps are microseconds; what is absent is 0.

local OK, UNKNOWN, ENDED = 0, 1, 2

-- key names what is kept of the room.
local prefix = string.sub(KEYS[1], 1, -6)
local function key(name) return prefix .. name end

-- kept is what is kept of a room besides its state, and present what of that goes when
-- the room ends: who is in it, but for what there is to tell of that, and what requests were
-- answered.
local present = {
  'users', 'stays', 'requests0', 'requests1',
}
local kept = {
  'copy', 'standing', 'words', 'ring0', 'ring1', 'ring2', 'rate0', 'rate1', 'rate2', 'rate3', 'rate4',
  'sent0', 'sent1', 'slow0', 'slow1', 'attributes', 'changes', 'leaving', 'sessions', 'leases', 'ended', unpack(present),
}

-- int is a number as Redis keeps it: Lua would write a timestamp as 1.8e+15.
local function int(n) return string.format('%.0f', n) end

-- instant returns the time in microseconds.
local function instant()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

-- fields reads some of the state, by name. What is absent is false.
local function fields(names)
  local values = redis.call('HMGET', KEYS[1], unpack(names))
  local state = {}
  for i, name in ipairs(names) do state[name] = values[i] end
  return state
end

-- n returns a field as a number.
local function n(value) return tonumber(value or 0) end

-- leader is the run_id of the server process that runs this.
local function leader()
  local info = redis.call('INFO', 'server')
  local _, before = string.find(info, 'run_id:', 1, true)
  return string.sub(info, before + 1, before + 40)
end

-- The log's part of the state is packed, 8 bytes each: last and ahead are the time that rates
-- run on (feed.steady); then until when sent0, sent1, slow0 and slow1 remember anything; then
-- per bucket timestamp and sequence of the latest entry, and per bucket those of the latest
-- entry that is held no longer.
local LOG = '>' .. string.rep('I8', 18)
local NO_LOG = string.rep('\0', 18 * 8)
local LAST, AHEAD, SENT, SLOW, HEAD, GONE = 1, 2, 3, 5, 7, 13

-- heads and gone return places per bucket as they are packed.
local function heads(log) return string.sub(log or NO_LOG, 8 * HEAD - 7, 8 * GONE - 8) end
local function gone(log) return string.sub(log or NO_LOG, 8 * GONE - 7) end

-- relive: the room is led by another process than the one that its life began under, so
-- what it acknowledged last may be lost. Another life begins where this one is known to
-- have got to. Of an ancestor the ancestry holds its epoch (1 byte of length before it)
-- and three places.
local function relive(state, life)
  local old = redis.call('HMGET', KEYS[1], 'log', 'before')
  local before = string.char(#state.epoch) .. state.epoch .. heads(old[1]) .. (old[2] or '')
  state.epoch, state.life, state.seq, state.before = ARGV[2], life, '0', string.sub(before, 1, 1024)
  redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'life', life, 'seq', '0', 'before', state.before)
end

-- known reads the state, epoch and ended always, for what does not touch the log, nor
-- publishes. It returns nil for a room that is not known.
local function known(names)
  names[#names + 1], names[#names + 2] = 'epoch', 'ended'
  local state = fields(names)
  return state.epoch and state
end

-- open is known for all else: it makes sure of the room's life too, which costs more than the
-- rest of a small script.
local function open(names)
  names[#names + 1], names[#names + 2] = 'life', 'seq'
  local state = known(names)
  if not state then return nil end
  local life = leader()
  if state.life ~= life then relive(state, life) end
  return state
end

-- publish sends bodies, each what happened once, on the room's channel: the epoch, the
-- sequence of the first, and each after its length. It does not write seq back: the
-- caller does, with what else it changes.
local function publish(state, bodies)
  if #bodies == 0 then return end
  local first = n(state.seq) + 1
  local parts = {struct.pack('>BI8I4', #state.epoch, first, #bodies), state.epoch}
  for _, body in ipairs(bodies) do
    parts[#parts + 1] = struct.pack('>I4', #body)
    parts[#parts + 1] = body
  end
  state.seq = int(first + #bodies - 1)
  redis.call('SPUBLISH', key('bus'), table.concat(parts))
end

-- evict drops the oldest n entries of a bucket's ring, and notes the place of the latest that
-- is gone: an entry begins with its place.
local function evict(log, b, n)
  local ring, at = key('ring' .. b), GONE + 2 * b
  log[at], log[at + 1] = struct.unpack('>I8I8', redis.call('LINDEX', ring, n - 1))
  redis.call('LTRIM', ring, n, -1)
end

-- trim drops the oldest entries of every ring beyond a capacity.
local function trim(capacity)
  local log = {struct.unpack(LOG, redis.call('HGET', KEYS[1], 'log') or NO_LOG)}
  for b = 0, 2 do
    local excess = redis.call('LLEN', key('ring' .. b)) - math.max(capacity, 1)
    if excess > 0 then evict(log, b, excess) end
  end
  redis.call('HSET', KEYS[1], 'log', struct.pack(LOG, unpack(log, 1, 18)))
end

-- stay keeps a copy as long as the room is known; without one, for the milliseconds given,
-- or for ever ('').
local function stay(name, unknown)
  local left = redis.call('PTTL', KEYS[1])
  if left == -2 and unknown ~= '' then left = tonumber(unknown) end
  if left >= 0 then redis.call('PEXPIRE', name, int(left)) else redis.call('PERSIST', name) end
end
