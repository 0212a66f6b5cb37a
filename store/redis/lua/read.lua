-- Reads how far the room is, and entries of its log.
--
-- ARGV[3] is '' where no entries are wanted, 'all' where all that is held is, if need be, and
-- 'after' where only what comes after what the reader has. ARGV[4] and ARGV[5] are the epoch
-- and the revision ('': any) that the reader has entries of, ARGV[6] to ARGV[8] the sequences
-- up to which it has them; for 'after', ARGV[9] to ARGV[11] are the timestamps of these.
--
-- Answers status, epoch, revision, sequence of the latest publication, timestamp of the
-- attributes, heads (six times 8 bytes), ancestry, capacity; and where entries are wanted the
-- places of those that are held no longer (as the heads are), '1' if the reader cannot go on,
-- and a list of entries per bucket: what is new, or, for one who cannot go on, all or nothing.

local state = open({'rev', 'at', 'before', 'cap', 'log'})
if not state then return {UNKNOWN} end

local head = {
  OK, state.epoch, n(state.rev), n(state.seq), n(state.at), heads(state.log), state.before or '', n(state.cap),
}
if ARGV[3] == '' then return head end

local log = {struct.unpack(LOG, state.log or NO_LOG)}

-- at returns the timestamp of the entry of a sequence, held or the latest that is not.
local function at(b, s)
  local before = s - log[GONE + 2 * b + 1]
  if before == 0 then return log[GONE + 2 * b] end
  return (struct.unpack('>I8', redis.call('LINDEX', key('ring' .. b), before - 1)))
end

-- What the reader has goes on only in the same life, under the same capacity, and if nothing
-- between was dropped: that may have been a recall.
local after = ARGV[3] == 'after'
local whole = state.epoch ~= ARGV[4] or ARGV[5] ~= '' and state.rev ~= ARGV[5]
for b = 0, 2 do
  local has = tonumber(ARGV[6 + b])
  whole = whole or has < log[GONE + 2 * b + 1] or has > log[HEAD + 2 * b + 1]
    or after and at(b, has) ~= tonumber(ARGV[9 + b])
end

head[9], head[10] = gone(state.log), whole and '1' or ''
for b = 0, 2 do
  local fresh = log[HEAD + 2 * b + 1] - tonumber(ARGV[6 + b])
  local entries = {}
  if whole and not after then
    entries = redis.call('LRANGE', key('ring' .. b), 0, -1)
  elseif fresh > 0 and not whole then
    entries = redis.call('LRANGE', key('ring' .. b), -fresh, -1)
  end
  head[11 + b] = entries
end
return head
