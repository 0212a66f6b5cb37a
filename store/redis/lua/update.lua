-- Commits a batch of attribute changes that was planned on the map as it was at some
-- place, if that is its place still.
--
-- ARGV[3] and ARGV[4] are the place, an epoch and a timestamp; ARGV[5] the revision of
-- the limits that it was planned under; ARGV[6] the request ('' for none), ARGV[7] its
-- digest, ARGV[8] for how long it is remembered, in microseconds; ARGV[9] how many
-- changes the log keeps; ARGV[10] '1' to commit, '' only to find out whether the plan
-- holds; ARGV[11] how many users must be present, who follow; then the changes, as
-- advance takes them.
--
-- Answers OK, timestamp, revision; or what was answered first: REPEATED, epoch,
-- timestamp; or STALE, revision, the room's own limits, and what brings the map to the
-- present.

local REPEATED, REUSED, ABSENT, STALE = 3, 4, 5, 6

-- remembered returns what is remembered under a name by a field, or nil. There are two
-- generations, name 0 and name 1; what is kept begins with the instant until which it
-- counts.
local function remembered(name, field, now)
  for generation = 0, 1 do
    local value = redis.call('HGET', key(name .. generation), field)
    if value and struct.unpack('>I8', value) > now then return string.sub(value, 9) end
  end
end

-- remember remembers a value for a term. state[name] is when the present generation
-- began: once that is a term ago it becomes the one before, whose values are all over.
-- (Both expire much later in real time: that is for rooms where nothing is asked for.)
local function remember(state, name, field, value, now, term)
  local present, before = key(name .. '0'), key(name .. '1')
  local age = now - n(state[name])
  if age < 0 or age > term then
    redis.call('UNLINK', before)
    if redis.call('EXISTS', present) == 1 then redis.call('RENAME', present, before) end
    redis.call('HSET', KEYS[1], name, int(now))
  end
  redis.call('HSET', present, field, struct.pack('>I8', now + term) .. value)
  redis.call('PEXPIRE', present, int(term / 100))
end

local limits = {'akeys', 'akey', 'avalue', 'alog', 'avw'}
local state = open({'rev', 'at', 'afloor', 'clock', 'requests', unpack(limits)})
if not state then return {UNKNOWN} end
if state.ended == '1' then return {ENDED} end

local now, request, digest = instant(), ARGV[6], ARGV[7]
if request ~= '' then
  local first = remembered('requests', request, now)
  if first then
    if string.sub(first, 1, #digest) ~= digest then return {REUSED} end
    local at, rest = struct.unpack('>I8', first, #digest + 1)
    return {REPEATED, string.sub(first, rest), at}
  end
end

local at = n(ARGV[4])
if ARGV[3] ~= state.epoch or at ~= n(state.at) or n(ARGV[5]) < n(state.rev) then
  local answer = {STALE, n(state.rev)}
  for _, name in ipairs(limits) do answer[#answer + 1] = n(state[name] ~= '' and state[name]) end
  for _, part in ipairs(delta(state, ARGV[3], at)) do answer[#answer + 1] = part end
  return answer
end
if ARGV[10] == '' then return {OK, at, n(state.rev)} end

local last = 11 + n(ARGV[11])
for i = 12, last do
  if redis.call('HEXISTS', key('users'), ARGV[i]) == 0 then return {ABSENT} end
end
local changes = {}
for i = last + 1, #ARGV do changes[#changes + 1] = ARGV[i] end
if #changes > 0 then
  publish(state, {advance(state, changes, now, n(ARGV[9]))})
  redis.call('HSET', KEYS[1], 'seq', state.seq)
end
if request ~= '' then
  remember(state, 'requests', request, digest .. struct.pack('>I8', n(state.at)) .. state.epoch, now, n(ARGV[8]))
end
return {OK, n(state.at), n(state.rev)}
