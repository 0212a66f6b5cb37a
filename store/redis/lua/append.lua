-- Appends messages one after the other, each as feed.Log's Append does.
--
-- From ARGV[3] on three of each message. First what is said of it: bucket, flags (1: slow
-- mode does not apply to the sender, 2: it has a client id), the length of the part of its
-- content that a recall leaves, and the limits that it comes with: rate, whitelist rate,
-- slow mode in microseconds, revision. Then who says it: the sender's length in 4 bytes,
-- the sender, the client id. Then its content. Answers a receipt for each.

local refused = opened()
if refused then return refused end

local DEDUPE_FOR = 300 * SECOND
local EXEMPT, NAMED = 1, 2

-- A memory remembers values until given instants, in two generations of a hash: name0
-- takes what is new, and becomes name1 when all that name1 remembers is over. Every value
-- begins with the instant until which it is remembered. Keys expire in real time besides,
-- late enough that it is never before their instants.
local function memory(name, at)
  return {name = name, at = at, values = {}, wanted = {}, fresh = {}, last = 0}
end

-- want says that a memory will be asked for a key.
local function want(m, k)
  if m.values[k] == nil then
    m.values[k] = false
    m.wanted[#m.wanted + 1] = k
  end
end

-- load reads what is wanted. What the newer generation has counts, even if it is over: what
-- the older has is older.
local function load(m)
  for g = 1, 0, -1 do
    if #m.wanted > 0 and math.max(log[m.at + g], log[m.at + 1]) > now then
      local values = redis.call('HMGET', key(m.name .. g), unpack(m.wanted))
      for i, k in ipairs(m.wanted) do m.values[k] = values[i] or m.values[k] end
    end
  end
end

-- remembered returns what was put for a key, or nil.
local function remembered(m, k)
  local value = m.values[k]
  if value and struct.unpack('>I8', value) > now then return value end
end

-- remember puts a value for a key.
local function remember(m, k, till, value)
  value = struct.pack('>I8', till) .. value
  m.values[k] = value
  m.fresh[#m.fresh + 1] = k
  m.fresh[#m.fresh + 1] = value
  m.last = math.max(m.last, till)
end

-- turn makes the newer generation the older, if all that that remembers is over. It says
-- whether another begins.
local function turn(m)
  local newer, older = log[m.at], log[m.at + 1]
  if newer > 0 and now >= older then
    local present = key(m.name .. 0)
    if redis.call('EXISTS', present) == 1 then redis.call('RENAME', present, key(m.name .. 1)) end
    log[m.at], log[m.at + 1] = 0, newer
  end
  return log[m.at] == 0
end

-- keep writes a memory back. A generation takes what is new for as long as the older one
-- remembers anything: so long, and for the longest term of a value, is its key kept.
local function keep(m)
  if #m.fresh == 0 then return end
  local begins, present = turn(m), key(m.name .. 0)
  redis.call('HSET', present, unpack(m.fresh))
  if begins or m.at == SLOW then
    local term = math.max(m.last, log[m.at + 1]) - now + 2 * DEDUPE_FOR
    redis.call('PEXPIRE', present, int(term / 1000))
  end
  log[m.at] = math.max(m.last, log[m.at])
end

local sent, slowed = memory('sent', SENT), memory('slow', SLOW)

-- parse reads a message, of which the arguments begin at i, and wants what decides about it.
local function parse(i)
  local m = {who = ARGV[i + 1], content = ARGV[i + 2]}
  local flags, revision
  m.bucket, flags, m.kept, m.rate, m.wrate, m.slow, revision = struct.unpack('>BBI4I4I4I8I8', ARGV[i])
  local room = own(revision)
  if room then m.rate, m.wrate, m.slow = n(room.rate), n(room.wrate), n(room.slow) end
  m.named = flags >= NAMED
  if m.named then want(sent, m.who) end
  if m.slow > 0 and m.bucket ~= WHITELIST and flags % 2 ~= EXEMPT then
    m.sender = string.sub(m.who, 5, 4 + struct.unpack('>I4', m.who))
    want(slowed, m.sender)
  end
  return m
end

-- slowedUntil returns the earliest instant at which slow mode lets the sender speak.
local function slowedUntil(m)
  local value = remembered(slowed, m.sender)
  if not value then return 0 end
  local at, slow = struct.unpack('>I8I8', value, 9)
  return at + math.min(slow, m.slow)
end

-- freeAt returns the earliest instant at which a message of its bucket may be admitted
-- (feed.Rate's FreeAt).
local function freeAt(m)
  if m.bucket == 0 then return free(window(2), m.wrate) end
  return free(window(m.bucket == 1 and 1 or 0), m.rate)
end

local function admitted(m)
  if m.bucket == 0 then return admit(window(2)) end
  if m.bucket == 1 then admit(window(1)) end
  admit(window(0))
end

local function append(m)
  local before = m.named and remembered(sent, m.who)
  if before then
    local t, s, b = struct.unpack('>I8I8B', before, 9)
    return receipt(DUPLICATE, b, t, s, 0)
  end
  local spoken = m.sender and slowedUntil(m) or 0
  if spoken > now then return receipt(SLOW_MODE, m.bucket, 0, 0, spoken - now) end
  local at = freeAt(m)
  if at > now then return receipt(RATE_LIMITED, m.bucket, 0, 0, at - now) end
  admitted(m)
  local t, s = put(m.bucket, 0, m.kept, m.content)
  if m.sender then remember(slowed, m.sender, now + m.slow, struct.pack('>I8I8', now, m.slow)) end
  if m.named then remember(sent, m.who, now + DEDUPE_FOR, struct.pack('>I8I8B', t, s, m.bucket)) end
  return receipt(ACCEPTED, m.bucket, t, s, 0)
end

local messages = {}
for i = 3, #ARGV, 3 do messages[#messages + 1] = parse(i) end
load(sent)
load(slowed)
local receipts = {}
for i, m in ipairs(messages) do receipts[i] = append(m) end
keep(sent)
keep(slowed)
close()
return answer(table.concat(receipts))
