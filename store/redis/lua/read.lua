-- Reads how far the room is, and entries of its log.
--
-- ARGV[3] is '1' where entries are wanted. Then ARGV[4] and ARGV[5] are the epoch and the
-- revision that the reader has entries of, and ARGV[6] to ARGV[8] the sequences up to which
-- it has them. Answers status, epoch, revision, sequence of the latest publication, timestamp
-- of the attributes, heads (six times 8 bytes), ancestry, capacity; and where entries are
-- wanted the places of those that are held no longer (as the heads are), '1' if what follows
-- is all that is held rather than what comes after what the reader has, and a list of
-- entries per bucket.

local state = open({'rev', 'at', 'before', 'cap', 'log'})
if not state then return {UNKNOWN} end

local head = {
  OK, state.epoch, n(state.rev), n(state.seq), n(state.at), heads(state.log), state.before or '', n(state.cap),
}
if ARGV[3] ~= '1' then return head end

-- What the reader has goes on only in the same life, under the same capacity, and if nothing
-- between was dropped: that may have been a recall.
local log = {struct.unpack(LOG, state.log or NO_LOG)}
local whole = state.epoch ~= ARGV[4] or state.rev ~= ARGV[5]
for b = 0, 2 do
  local has = tonumber(ARGV[6 + b])
  if has < log[GONE + 2 * b + 1] or has > log[HEAD + 2 * b + 1] then whole = true end
end

head[9], head[10] = gone(state.log), whole and '1' or ''
for b = 0, 2 do
  local fresh = log[HEAD + 2 * b + 1] - tonumber(ARGV[6 + b])
  local entries = {}
  if whole then
    entries = redis.call('LRANGE', key('ring' .. b), 0, -1)
  elseif fresh > 0 then
    entries = redis.call('LRANGE', key('ring' .. b), -fresh, -1)
  end
  head[11 + b] = entries
end
return head
